/** A block of code with its marks: what stands behind the language, CONTRIBUTING says what each means. */
export interface Block {
  readonly file: string
  /** Of the line that opens it. */
  readonly line: number
  readonly language: string
  readonly marks: string
  readonly code: string
}

export interface Link {
  readonly file: string
  readonly line: number
  readonly target: string
}

interface Line {
  readonly text: string
  readonly number: number
}

const FENCE = /^(\s*)```(.*)$/
const LINK = /\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)|\b(?:href|src)="([^"]+)"/g
const HEADING = /^#{1,6} (.*)$/

/** The lines of a page, parted into prose and blocks of code. */
function part (file: string, text: string): { prose: Line[], blocks: Block[] } {
  const prose: Line[] = []
  const blocks: Block[] = []
  let open: { line: number, info: string, code: string[] } | null = null
  for (const [i, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line)
    if (open === null) {
      if (fence === null) prose.push({ text: line.replaceAll(/`[^`]*`/g, '``'), number: i + 1 })
      else open = { line: i + 1, info: fence[2]!.trim(), code: [] }
    } else if (fence !== null && fence[2]!.trim() === '') {
      const [language = '', ...marks] = open.info.split(/\s+/)
      blocks.push({ file, line: open.line, language, marks: marks.join(' '), code: open.code.join('\n') + '\n' })
      open = null
    } else {
      open.code.push(line)
    }
  }
  if (open !== null) throw new Error(`${file}:${open.line}: this block of code has no end`)
  return { prose, blocks }
}

export function blocksOf (file: string, text: string): Block[] {
  return part(file, text).blocks
}

export function linksOf (file: string, text: string): Link[] {
  return part(file, text).prose.flatMap(({ text, number }) =>
    [...text.matchAll(LINK)].map((match) => ({ file, line: number, target: match[1] ?? match[2] ?? match[3]! })))
}

/** The anchors that headings get, as on GitHub: the second of two equal ones is counted. */
export function anchorsOf (text: string): Set<string> {
  const anchors = new Set<string>()
  let inCode = false
  for (const line of text.split('\n')) {
    if (FENCE.test(line)) inCode = !inCode
    const heading = inCode ? null : HEADING.exec(line)
    if (heading === null) continue
    const slug = heading[1]!.replaceAll(/\]\([^)]*\)/g, '').toLowerCase().replaceAll(/[^\p{L}\p{N}_\- ]/gu, '').trim().replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}
