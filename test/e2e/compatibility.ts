import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The page with the tables that these suites measure. */
const PAGE = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url))

type Cell = string | number | null

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

function markdown ({ head, rows }: Table): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** What may differ between two runs: figures and versions. */
const verdicts = (text: string): string => text.replaceAll(/\d[\d.,]*/g, '#')

/** Writes a table to its place in the page when asked to (`E2E_WRITE=1`), or checks that the page comes to the same verdicts. */
export function settle (t: Test, name: string, table: Table): void {
  const page = readFileSync(PAGE, 'utf8')
  const place = new RegExp(`(?<=<!-- ${name} -->\n)(?:(?!<!--)[^])*?(?=\n<!-- / -->)`)
  const measured = markdown(table)
  t.comment(`${name}\n${measured}`)
  const written = place.exec(page)?.[0]
  t.ok(written, `docs/compatibility.md has a place for ${name}`)
  if (process.env['E2E_WRITE'] === '1') writeFileSync(PAGE, page.replace(place, () => measured))
  else t.equal(verdicts(measured), verdicts(written ?? ''), `docs/compatibility.md agrees about ${name}`)
}
