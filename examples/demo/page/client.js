/** Loads the server's copy of sockjs-client, and asks endpoints about themselves. */

let loading = null

/** Loads sockjs-client once. Every endpoint serves the copy with which the package was tested. */
export function loadClient (endpointUrl) {
  loading ??= addScript(`${endpointUrl}/sockjs.min.js`).then(() => window.SockJS, (error) => {
    loading = null
    throw error
  })
  return loading
}

function addScript (src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = src
    script.onload = () => resolve()
    script.onerror = () => reject(new Error(`${src} cannot be loaded`))
    document.head.append(script)
  })
}

/** Returns the answer of an endpoint to `/info`: `{ body, took }`, `{ status, took }` or `{ unreachable: true }`. */
export async function askInfo (endpointUrl) {
  const begun = performance.now()
  try {
    const response = await window.fetch(`${endpointUrl}/info?t=${Date.now()}`, { cache: 'no-store' })
    const took = performance.now() - begun
    return response.ok ? { body: await response.json(), took } : { status: response.status, took }
  } catch {
    return { unreachable: true }
  }
}
