/** A function that gets events. */
export type Listener<E> = (event: E) => void

/**
 * An `EventTarget` with typed events. React Native has none of its own.
 *
 * An error of a listener is thrown again in a turn of its own, so that the other listeners get the event.
 */
export class Emitter<Events extends object> {
  readonly #listeners: Record<string, Map<Listener<never>, boolean | undefined>> = {}

  /** Adds a listener, once for each event. */
  addEventListener<K extends keyof Events & string> (type: K, listener: Listener<Events[K]>, options?: { readonly once?: boolean }): void {
    (this.#listeners[type] ??= new Map()).set(listener, options?.once)
  }

  /** Removes a listener. */
  removeEventListener<K extends keyof Events & string> (type: K, listener: Listener<Events[K]>): void {
    this.#listeners[type]?.delete(listener)
  }

  /** Gives an event to the property `on<type>` and to the listeners. Returns true. */
  dispatchEvent (event: { readonly type: string }): boolean {
    const { type } = event
    for (const [listener, once] of [[(this as any)[`on${type}`]], ...this.#listeners[type] ?? []]) {
      if (once) this.removeEventListener(type as never, listener)
      try {
        listener?.call(this, event)
      } catch (error) {
        setTimeout(() => { throw error })
      }
    }
    return true
  }

  /** @internal */
  emit (type: string, members?: object): void {
    this.dispatchEvent({ ...members, type, target: this } as { type: string })
  }
}
