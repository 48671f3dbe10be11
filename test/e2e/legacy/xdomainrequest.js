// The request of Internet Explorer 8 and 9 for other origins: no headers, no type, no cookies, and not to another scheme.
window.XDomainRequest = class XDomainRequest {
  #request = new window.XMLHttpRequest()

  get responseText () { return this.#request.responseText }

  open (method, url) {
    if (new URL(url, document.baseURI).protocol !== window.location.protocol) throw new Error('Access is denied.')
    this.#request.open(method, url)
    this.#request.onprogress = () => this.onprogress?.()
    this.#request.onload = () => this.#request.status === 200 || this.#request.status === 204 ? this.onload?.() : this.onerror?.()
    this.#request.onerror = () => this.onerror?.()
  }

  send (body) { this.#request.send(body === undefined || body === null ? null : new Blob([body])) }

  abort () { this.#request.abort() }
}
