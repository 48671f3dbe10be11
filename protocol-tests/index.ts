/** The conformance runner: it judges any server at a URL and imports nothing of ours. */
export { catalogue as cases, suites } from './catalogue.ts'
export { addConformanceCommand } from './command.ts'
export { reporters } from './reporters/index.ts'
export type { ReporterName } from './reporters/index.ts'
export { list } from './reporters/list.ts'
export { UnreachableError, UsageError } from './runner/errors.ts'
export { runConformance } from './runner/run.ts'
export type { Case, CatalogueEntry, Failure, Level, NotBlackBox, Options, Progress, Report, Result, Section, Suite, Verdict } from './types.ts'
