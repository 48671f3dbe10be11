/** A value in a cell of a table. */
export type Cell = string | number | boolean | null

/** One row of a table, by the names of its columns. */
export type Row = Readonly<Record<string, Cell>>

/** A question for some rows of a table. */
export interface RowQuery {
  /** The place of the first row that is asked for, after filter and order. */
  readonly from: number
  /** The most rows of the answer. */
  readonly count: number
  /** The column that decides on the order; empty for the order of the server. */
  readonly sort: string
  readonly descending: boolean
  /** The text that a row must contain, without regard to case; empty for all rows. */
  readonly filter: string
}

/** Some rows of a table. */
export interface RowAnswer {
  /** The rows that fit the filter. */
  readonly matched: number
  /** The rows of the whole table. */
  readonly total: number
  readonly rows: readonly Row[]
  /** Sentences about the parts that the server does not know. */
  readonly unknown: readonly string[]
  /** True if every node has the same rows. */
  readonly shared?: true
}

/** A table whose rows are made only for the part that is asked for. */
export interface Table<Item> {
  readonly items: Iterable<Item>
  /** The columns by which the table can be sorted. */
  readonly columns: Readonly<Record<string, (item: Item) => string | number>>
  /** The texts in which a filter searches. */
  texts (item: Item): readonly string[]
  row (item: Item): Row
  readonly unknown?: readonly string[]
  /** True if every node has the same rows. Default `false`. */
  readonly shared?: boolean
}

/** Finds the rows of a table that a question asks for. A column that the table does not have leaves the order as it is. */
export function rowsOf<Item> ({ items, columns, texts, row, unknown = [], shared = false }: Table<Item>, query: RowQuery): RowAnswer {
  const { from, count, descending } = query
  const filter = query.filter.toLowerCase()
  const key = Object.hasOwn(columns, query.sort) ? columns[query.sort]! : null
  let total = 0
  const found: Item[] = []
  for (const item of items) {
    total++
    if (filter === '' || texts(item).some((text) => text.toLowerCase().includes(filter))) found.push(item)
  }
  const ordered = key === null ? (descending ? found.reverse() : found) : inOrder(found, key, descending)
  return { matched: found.length, total, rows: ordered.slice(from, from + count).map(row), unknown, ...(shared ? { shared } : {}) }
}

/** Sorts by a key that is worked out once for each item. Equal keys keep their order. */
function inOrder<Item> (items: readonly Item[], key: (item: Item) => string | number, descending: boolean): Item[] {
  const keyed = items.map((item) => ({ item, key: key(item) }))
  keyed.sort(descending ? (a, b) => compare(b.key, a.key) : (a, b) => compare(a.key, b.key))
  return keyed.map(({ item }) => item)
}

function compare (a: string | number, b: string | number): number { return a < b ? -1 : a > b ? 1 : 0 }

/** Joins the first rows of several nodes to one table. Each answer begins with the first row. Of rows that every node has, those of one node count. */
export function joinRows (given: readonly RowAnswer[], { from, count, sort, descending }: RowQuery): RowAnswer {
  const shared = given.find((answer) => answer.shared === true)
  const answers = given.filter((answer) => answer.shared !== true || answer === shared)
  const rows = answers.flatMap((answer) => answer.rows)
  const ordered = sort === '' ? rows : inOrder(rows, (row) => keyOf(row[sort] ?? null), descending)
  return {
    matched: answers.reduce((sum, { matched }) => sum + matched, 0),
    total: answers.reduce((sum, { total }) => sum + total, 0),
    rows: ordered.slice(from, from + count),
    unknown: [...new Set(given.flatMap(({ unknown }) => unknown))]
  }
}

function keyOf (cell: Cell): string | number { return typeof cell === 'number' || typeof cell === 'string' ? cell : Number(cell ?? -1) }
