/** The ids that a count remembers, to know a message that comes again. */
const REMEMBERED = 100

/** Adds a message to the count of its room. A message that comes again changes nothing, and the same object is returned. */
export function counted (count, { id, text }) {
  const { messages, words, ids } = count ?? { messages: 0, words: 0, ids: [] }
  if (ids.includes(id)) return count
  return { messages: messages + 1, words: words + text.trim().split(/\s+/).length, ids: [...ids, id].slice(-REMEMBERED) }
}
