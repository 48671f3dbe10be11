/** Makes the iteration over the messages of a session. Its end does not close the session. */
export function iterate<T> (next: () => Promise<IteratorResult<T, undefined>>): AsyncIterableIterator<T> {
  const iterator: AsyncIterableIterator<T, undefined> = {
    next,
    return: async () => ({ value: undefined, done: true }),
    [Symbol.asyncIterator]: () => iterator
  }
  return iterator
}
