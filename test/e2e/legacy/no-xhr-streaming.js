// A response is shown when it has ended, and not before.
{
  const handler = Object.getOwnPropertyDescriptor(window.XMLHttpRequest.prototype, 'onreadystatechange')
  Object.defineProperty(window.XMLHttpRequest.prototype, 'onreadystatechange', {
    get () { return handler.get.call(this) },
    set (listener) {
      handler.set.call(this, function (event) {
        if (this.readyState !== window.XMLHttpRequest.LOADING) listener.call(this, event)
      })
    }
  })
}
