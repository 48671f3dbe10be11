/**
 * Keeps the newest line of a list visible, until the reader scrolls up. The caller calls `added` for each new line. The newest line also
 * stays visible when the panel around the list grows or shrinks.
 */
export function follow (list) {
  let following = true
  let last = 0

  const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 40

  function toEnd () {
    following = true
    list.scrollTop = list.scrollHeight
    last = list.scrollTop
  }

  const keep = () => { if (following) toEnd() }

  list.addEventListener('scroll', () => {
    // A list that has shrunk is not at its end any more, but only the reader scrolls up.
    if (atEnd()) following = true
    else if (list.scrollTop < last) following = false
    last = list.scrollTop
  })
  new window.ResizeObserver(keep).observe(list)
  return { added: keep, toEnd }
}
