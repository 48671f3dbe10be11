import { engineErrors } from '../errors.ts'
import type { NatsConnection } from './connection.ts'

/** A round trip to the server that several callers wait for. */
interface Trip {
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Makes round trips to the server, one per turn of the event loop for all callers of the turn. */
export class RoundTrips {
  readonly #open = new Set<Trip>()
  #next: Trip | null = null

  /** Resolves when the server has all that was sent before the call. */
  make (connection: NatsConnection): Promise<void> {
    this.#next ??= this.#begin(connection)
    return this.#next.done
  }

  /** Rejects all that wait, because the connection was lost. */
  fail (reason: string): void {
    for (const trip of this.#open) trip.reject(new engineErrors.Unavailable('nats', reason))
    this.#open.clear()
    this.#next = null
  }

  #begin (connection: NatsConnection): Trip {
    const trip = newTrip()
    this.#open.add(trip)
    // The question goes behind everything that this turn still publishes.
    setImmediate(() => {
      if (!this.#open.has(trip)) return
      this.#next = null
      connection.flush().then(trip.resolve, (error: Error) => trip.reject(new engineErrors.Unavailable('nats', error.message)))
        .finally(() => this.#open.delete(trip))
    })
    return trip
  }
}

function newTrip (): Trip {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const done = new Promise<void>((_resolve, _reject) => {
    resolve = _resolve
    reject = _reject
  })
  return { done, resolve, reject }
}
