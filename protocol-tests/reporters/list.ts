/** The catalogue itself, for `--list` and for the documentation. */
import { catalogue, suites } from '../catalogue.ts'
import { carriers } from '../client/stomp-carriers.ts'
import { foundations } from '../stomp/site.ts'
import type { CatalogueEntry } from '../types.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')

function groups (entries: readonly CatalogueEntry[]): { title: string, entries: CatalogueEntry[] }[] {
  return suites.flatMap((suite) => suite.sections.map((section) => ({
    title: `${suite.title}: ${section.title}`,
    entries: entries.filter((entry) => entry.suite === suite.name && entry.section === section.name)
  }))).filter((group) => group.entries.length > 0)
}

const notBlackBox = suites.flatMap((suite) => suite.notBlackBox)

function text (entries: readonly CatalogueEntry[]): string {
  const width = Math.max(...entries.map(({ id }) => id.length))
  const lines: string[] = []
  for (const group of groups(entries)) {
    lines.push(group.title, ...group.entries.map(({ id, level, title }) => `  ${id.padEnd(width)}  ${level}  ${title}`), '')
  }
  lines.push('Not black-box', ...notBlackBox.map(({ row, rule, reason }) => `  ${row.padEnd(width)}     ${rule} (${reason})`))
  return lines.join('\n') + '\n'
}

interface Row {
  id: string
  entry: CatalogueEntry
  /** The carriers of a STOMP case that stands for all of them. */
  on: string[]
}

/** A case of many carriers is one row. */
function rowsOf (entries: readonly CatalogueEntry[]): Row[] {
  const rows = new Map<string, Row>()
  for (const entry of entries) {
    const carrier = carriers.find((name) => name === entry.transport)
    const id = carrier !== undefined && entry.id.endsWith(`.${carrier}`) ? entry.id.slice(0, -carrier.length - 1) : entry.id
    const row = rows.get(id) ?? { id, entry, on: [] }
    if (carrier !== undefined) row.on.push(carrier)
    rows.set(id, row)
  }
  return [...rows.values()]
}

/** What a server must have for the case: endpoints, or carriers and features. */
function needsOf ({ entry, on }: Row): string {
  if (on.length === 0) return entry.needs.map((endpoint) => `\`${endpoint}\``).join(' ')
  const features = entry.requires.filter((name) => !Object.hasOwn(foundations, name))
  return [on.length === carriers.length ? 'each carrier' : on.join(' '), ...features.map((name) => `\`${name}\``)].join(', ')
}

/** A page of the documentation. */
function markdown (entries: readonly CatalogueEntry[]): string {
  const lines = ['# Cases', '', 'This is the output of `--list --reporter markdown`. [Conformance](conformance.md) explains levels, endpoints, carriers and features.', '']
  for (const group of groups(entries)) {
    lines.push(`## ${group.title}`, '', '| case | level | rule | needs | also |', '|---|---|---|---|---|')
    for (const row of rowsOf(group.entries)) {
      const { level, title, also = [] } = row.entry
      lines.push(`| ${row.id} | ${level} | ${cell(title)} | ${needsOf(row)} | ${also.join(' ')} |`)
    }
    lines.push('')
  }
  lines.push('## Not black-box', '', '| rule | statement | reason |', '|---|---|---|')
  for (const { row, rule, reason } of notBlackBox) lines.push(`| ${row} | ${cell(rule)} | ${cell(reason)} |`)
  return lines.join('\n') + '\n'
}

function json (entries: readonly CatalogueEntry[]): string {
  const cases = entries.map(({ id, suite, section, level, clause, title, needs, requires, also = [], transport = null }) => ({ id, suite, section, level, clause, title, needs, requires, also, transport }))
  return JSON.stringify({ cases, notBlackBox }, null, 2) + '\n'
}

const lists = { human: text, markdown, json } as const

export function list (entries: readonly CatalogueEntry[] = catalogue, reporter = 'human'): string | undefined {
  return Object.hasOwn(lists, reporter) ? lists[reporter as keyof typeof lists](entries) : undefined
}

export const listReporters = Object.keys(lists)
