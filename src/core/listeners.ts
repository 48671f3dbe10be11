import { watch } from './promise.ts'

type Listener<T> = (value: T) => unknown

/** The listeners of one event: none, one or several, without an object for the first two. */
export type Listeners<T> = null | Listener<T> | Listener<T>[]

export function addListener<T> (listeners: Listeners<T>, listener: Listener<T>): Listeners<T> {
  if (listeners === null) return listener
  return typeof listeners === 'function' ? [listeners, listener] : [...listeners, listener]
}

export function removeListener<T> (listeners: Listeners<T>, listener: Listener<T>): Listeners<T> {
  if (listeners === listener) return null
  if (!Array.isArray(listeners)) return listeners
  const at = listeners.lastIndexOf(listener)
  if (at < 0) return listeners
  const rest = listeners.toSpliced(at, 1)
  return rest.length === 1 ? rest[0]! : rest
}

/** Calls every listener, also when one before it failed; a rejected promise counts as a failure. */
export function emit<T> (listeners: Listeners<T>, value: T, failed: (error: unknown) => void): void {
  if (listeners === null) return
  if (typeof listeners === 'function') call(listeners, value, failed)
  else for (const listener of listeners) call(listener, value, failed)
}

function call<T> (listener: Listener<T>, value: T, failed: (error: unknown) => void): void {
  try {
    watch(listener(value), failed)
  } catch (error) {
    failed(error)
  }
}
