/** The catalogue itself, for `--list` and for the documentation. */
import { catalogue, suites } from '../catalogue.ts'
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

function markdown (entries: readonly CatalogueEntry[]): string {
  const lines: string[] = []
  for (const group of groups(entries)) {
    lines.push(`### ${group.title}`, '', '| case | level | what must hold | endpoints | also |', '|---|---|---|---|---|')
    for (const { id, level, title, needs, also = [] } of group.entries) {
      lines.push(`| ${id} | ${level} | ${cell(title)} | ${needs.map((endpoint) => `\`${endpoint}\``).join(' ')} | ${also.join(' ')} |`)
    }
    lines.push('')
  }
  lines.push('### Not black-box', '', '| rule | what it says | why no case |', '|---|---|---|')
  for (const { row, rule, reason } of notBlackBox) lines.push(`| ${row} | ${cell(rule)} | ${cell(reason)} |`)
  return lines.join('\n') + '\n'
}

function json (entries: readonly CatalogueEntry[]): string {
  const cases = entries.map(({ id, suite, section, level, clause, title, needs, also = [], transport = null }) => ({ id, suite, section, level, clause, title, needs, also, transport }))
  return JSON.stringify({ cases, notBlackBox }, null, 2) + '\n'
}

const lists = { human: text, markdown, json } as const

export function list (entries: readonly CatalogueEntry[] = catalogue, reporter = 'human'): string | undefined {
  return Object.hasOwn(lists, reporter) ? lists[reporter as keyof typeof lists](entries) : undefined
}

export const listReporters = Object.keys(lists)
