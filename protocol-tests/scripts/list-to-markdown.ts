/** Writes the table of cases into docs/conformance.md, behind its marker. */
import { readFileSync, writeFileSync } from 'node:fs'
import { list } from '../reporters/list.ts'

const marker = '<!-- From here on written by protocol-tests/scripts/list-to-markdown.ts -->\n'
const file = new URL('../../docs/conformance.md', import.meta.url)
const [head, ...rest] = readFileSync(file, 'utf8').split(marker)
if (head === undefined || rest.length !== 1) throw new Error(`docs/conformance.md has no single marker ${marker.trim()}`)
writeFileSync(file, `${head}${marker}\n${list(undefined, 'markdown') ?? ''}`)
