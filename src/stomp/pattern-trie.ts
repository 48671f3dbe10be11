class Node<T> {
  readonly literals = new Map<string, Node<T>>()
  /** The child for `*`. */
  one: Node<T> | undefined
  /** The value of the pattern that ends here. */
  value: T | undefined
  /** The value of the pattern that goes on with `**`. */
  rest: T | undefined

  get empty (): boolean {
    return this.literals.size === 0 && this.one === undefined && this.value === undefined && this.rest === undefined
  }
}

/**
 * Finds all patterns that fit a destination in one walk. `*` is one segment, and `**` at the end is the rest, also an empty one.
 *
 * A step visits at most the literal child and the `*` child. So the cost of a walk is the number of patterns that begin like
 * the destination, which `maxWildcards` bounds (SEC-S33).
 */
export class PatternTrie<T extends object> {
  readonly #root = new Node<T>()
  #size = 0

  /** The number of patterns. */
  get size (): number {
    return this.#size
  }

  /** Finds the value of a pattern. `make` makes it where the pattern is new. */
  open (pattern: readonly string[], make: () => T): T {
    let node = this.#root
    for (const segment of pattern) {
      if (segment === '**') return (node.rest ??= this.#counted(make))
      node = segment === '*' ? (node.one ??= new Node()) : child(node, segment)
    }
    return (node.value ??= this.#counted(make))
  }

  get (pattern: readonly string[]): T | undefined {
    const path = this.#path(pattern)
    return pattern.at(-1) === '**' ? path?.at(-1)?.rest : path?.at(-1)?.value
  }

  /** Removes a pattern and every node that only it needed. */
  delete (pattern: readonly string[]): void {
    const path = this.#path(pattern)
    if (path === undefined || this.get(pattern) === undefined) return
    this.#size--
    if (pattern.at(-1) === '**') path.at(-1)!.rest = undefined
    else path.at(-1)!.value = undefined
    for (let depth = path.length - 1; depth > 0 && path[depth]!.empty; depth--) {
      const parent = path[depth - 1]!
      if (pattern[depth - 1] === '*') parent.one = undefined
      else parent.literals.delete(pattern[depth - 1]!)
    }
  }

  /** Finds the values of all patterns that fit. */
  match (segments: readonly string[]): T[] {
    const found: T[] = []
    collect(this.#root, segments, 0, found)
    return found
  }

  /** All patterns with their values. */
  [Symbol.iterator] (): IterableIterator<[pattern: string[], value: T]> { return entriesBelow(this.#root, []) }

  /** Finds the nodes from the root to the one that holds the value of the pattern. */
  #path (pattern: readonly string[]): Node<T>[] | undefined {
    const path = [this.#root]
    for (const segment of pattern) {
      if (segment === '**') break
      const next = segment === '*' ? path.at(-1)!.one : path.at(-1)!.literals.get(segment)
      if (next === undefined) return undefined
      path.push(next)
    }
    return path
  }

  #counted (make: () => T): T {
    this.#size++
    return make()
  }
}

function child<T> (node: Node<T>, segment: string): Node<T> {
  let next = node.literals.get(segment)
  if (next === undefined) node.literals.set(segment, next = new Node())
  return next
}

/** Collects the values below a node. The recursion is as deep as the destination has segments, which have a limit. */
function collect<T> (node: Node<T>, segments: readonly string[], at: number, found: T[]): void {
  if (node.rest !== undefined) found.push(node.rest)
  if (at === segments.length) {
    if (node.value !== undefined) found.push(node.value)
    return
  }
  const literal = node.literals.get(segments[at]!)
  if (literal !== undefined) collect(literal, segments, at + 1, found)
  if (node.one !== undefined) collect(node.one, segments, at + 1, found)
}

function * entriesBelow<T> (node: Node<T>, path: readonly string[]): IterableIterator<[string[], T]> {
  if (node.value !== undefined) yield [[...path], node.value]
  if (node.rest !== undefined) yield [[...path, '**'], node.rest]
  if (node.one !== undefined) yield * entriesBelow(node.one, [...path, '*'])
  for (const [segment, below] of node.literals) yield * entriesBelow(below, [...path, segment])
}
