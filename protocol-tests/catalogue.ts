import { sockjs } from './sockjs/index.ts'
import { stomp } from './stomp/index.ts'
import type { CatalogueEntry, Case, Section, Suite } from './types.ts'

export const suites: readonly Suite[] = [sockjs, stomp]

function clauseOf ({ clauses }: Suite, level: Case['level'], { source }: Section): string {
  return level === 'S' ? `${clauses.S}, ${source}` : clauses[level]
}

/** Every case of every suite, in the order of the reports. */
export const catalogue: readonly CatalogueEntry[] = suites.flatMap((suite) =>
  suite.sections.flatMap((section) => section.cases.map((one) => ({
    ...one,
    ...(section.transport === undefined || one.transport !== undefined ? {} : { transport: section.transport }),
    suite: suite.name,
    section: section.name,
    clause: clauseOf(suite, one.level, section),
    needs: one.needs ?? ['/echo'],
    requires: one.requires ?? []
  }))))
