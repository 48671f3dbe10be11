import { sockjs } from './sockjs/index.ts'
import type { CatalogueEntry, Case, Section, Suite } from './types.ts'

export const suites: readonly Suite[] = [sockjs]

function clauseOf (level: Case['level'], section: Section): string {
  switch (level) {
    case 'S': return `sockjs-protocol, ${section.source}`
    case 'Q': return 'sockjs-protocol, HTTP quirks'
    case 'C': return 'sockjs-client 1.6'
    case 'P': return 'sockjs-protocol, prose'
    case 'D': return 'fastify-sockjs'
  }
}

/** Every case of every suite, in the order of the reports. */
export const catalogue: readonly CatalogueEntry[] = suites.flatMap((suite) =>
  suite.sections.flatMap((section) => section.cases.map((one) => ({
    ...one,
    ...(section.transport === undefined || one.transport !== undefined ? {} : { transport: section.transport }),
    suite: suite.name,
    section: section.name,
    clause: clauseOf(one.level, section),
    needs: one.needs ?? ['/echo']
  }))))
