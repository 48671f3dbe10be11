import type { Worker } from 'node:cluster'

/**
 * The messages between workers and their primary for one scrape.
 *
 * A worker sends `scrape`, the primary sends `read` to all workers, each answers with `text`, and the first worker gets `texts`.
 */
export type Message =
  | { readonly kind: 'scrape', readonly id: number }
  | { readonly kind: 'read', readonly scrape: number }
  | { readonly kind: 'text', readonly scrape: number, readonly text: string }
  | { readonly kind: 'texts', readonly id: number, readonly texts: readonly string[] }

/** The time for which the primary waits for a worker, in milliseconds. */
const PATIENCE = 1_000

const isKind = <K extends Message['kind']>(kind: K) => (message: unknown): message is Extract<Message, { kind: K }> => (message as Message | null)?.kind === kind

/** Tells whether the primary asks this worker for its text. */
export const isRead = isKind('read')
const isTexts = isKind('texts')

/** Asks the primary for the texts of all workers. The id tells apart the scrapes of this worker. */
export function askForTexts (id: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if (!isTexts(message) || message.id !== id) return
      process.off('message', listen)
      resolve(message.texts)
    }
    process.on('message', listen)
    process.send!({ kind: 'scrape', id } satisfies Message)
  })
}

interface Scrape {
  readonly texts: string[]
  /** The workers that have not answered. */
  readonly left: Set<Worker>
  finish (): void
}

/** The part of the primary. It leaves out a worker that ends, or does not answer within a second. */
export class Scrapes {
  readonly #open = new Map<number, Scrape>()
  #last = 0

  /** Handles a message of a worker. */
  receive (worker: Worker, message: Message, workers: Iterable<Worker>): void {
    if (message.kind === 'scrape') this.#start(worker, message.id, new Set(workers))
    else if (message.kind === 'text') this.#answered(worker, message.scrape, message.text)
  }

  /** A worker has ended. */
  ended (worker: Worker): void { for (const scrape of this.#open.values()) settle(scrape, worker) }

  #start (asker: Worker, id: number, left: Set<Worker>): void {
    const number = ++this.#last
    const texts: string[] = []
    const finish = (): void => {
      clearTimeout(timer)
      this.#open.delete(number)
      if (asker.isConnected()) asker.send({ kind: 'texts', id, texts } satisfies Message)
    }
    const timer = setTimeout(finish, PATIENCE)
    this.#open.set(number, { texts, left, finish })
    for (const worker of left) if (worker.isConnected()) worker.send({ kind: 'read', scrape: number } satisfies Message)
  }

  #answered (worker: Worker, number: number, text: string): void {
    const scrape = this.#open.get(number)
    if (scrape === undefined || !scrape.left.has(worker)) return
    scrape.texts.push(text)
    settle(scrape, worker)
  }
}

function settle (scrape: Scrape, worker: Worker): void {
  scrape.left.delete(worker)
  if (scrape.left.size === 0) scrape.finish()
}
