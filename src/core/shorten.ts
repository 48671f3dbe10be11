/** Shortens a text that a client has chosen, for a log or an error. An ellipsis shows that characters are missing. */
export function shorten (text: string, length = 120): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
