/** Tells whether a channel matches a pattern, in which `*` stands for one segment and a last `>` for one or more. */
export function matchesChannel (pattern: string, channel: string): boolean {
  if (pattern === channel) return true
  const wanted = pattern.split('.')
  const given = channel.split('.')
  const open = wanted.at(-1) === '>'
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every((segment, i) => segment === '*' || (open && i === wanted.length - 1) || segment === given[i])
}
