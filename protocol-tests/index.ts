/** The conformance runner, which judges any server of SockJS or STOMP at a URL. */
export { catalogue as cases, suites } from './catalogue.ts'
export { reporters } from './reporters/index.ts'
export type { ReporterName } from './reporters/index.ts'
export { list } from './reporters/list.ts'
export { UnreachableError, UsageError } from './runner/errors.ts'
export { runConformance } from './runner/run.ts'
export type { Feature, StompOptions } from './stomp/site.ts'
export type { Case, CatalogueEntry, Failure, Level, NotBlackBox, Options, Progress, Report, Result, Section, Suite, Verdict } from './types.ts'
