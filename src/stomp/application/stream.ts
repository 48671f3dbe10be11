/**
 * Sends what an async iterable yields, one value after the other, until it or its listener ends. The iterable is told that
 * nobody listens any more also while it prepares its next value; it may take its time to hear it.
 */
export async function sendEach (values: AsyncIterable<unknown>, send: (value: unknown) => void | Promise<void>, signal: AbortSignal): Promise<void> {
  const iterator = values[Symbol.asyncIterator]()
  const ended = new Promise<'ended'>((resolve) => {
    if (signal.aborted) resolve('ended')
    else signal.addEventListener('abort', () => resolve('ended'), { once: true })
  })
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), ended])
      if (next === 'ended' || next.done === true) return
      await send(next.value)
    }
  } finally {
    if (typeof iterator.return === 'function') leave(iterator.return.bind(iterator))
  }
}

/** Not waited for: a generator answers when it comes to its next `yield`. */
function leave (done: () => Promise<unknown> | undefined): void {
  try {
    Promise.resolve(done()).catch(() => {})
  } catch {
    // An iterator that cannot even be left has nothing more to give.
  }
}

export function isAsyncIterable (value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
