/** Loads the clients that the server has copies of, and asks endpoints about themselves. */

import { OWN_CLIENT, SOCKJS_CLIENT } from './catalogue.js'

const SCRIPTS = { [SOCKJS_CLIENT]: 'sockjs.min.js', [OWN_CLIENT]: 'client.js' }

const loading = new Map()

/** Loads a client once. Every endpoint serves the copies with which the package was tested. Both set the same global. */
export function loadClient (endpointUrl, name = SOCKJS_CLIENT) {
  if (!loading.has(name)) {
    loading.set(name, addScript(`${endpointUrl}/${SCRIPTS[name]}`).then(() => window.SockJS, (error) => {
      loading.delete(name)
      throw error
    }))
  }
  return loading.get(name)
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
