import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Application, Logger, LogLevel } from 'typedoc'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

class Warnings extends Logger {
  readonly all: string[] = []

  override log (message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.all.push(message)
  }
}

t.test('the API reference: everything that is exported is documented, and every link in it leads somewhere', async (t) => {
  const warnings = new Warnings()
  const app = await Application.bootstrap({ options: `${ROOT}typedoc.json`, skipErrorChecking: true })
  app.logger = warnings
  const project = await app.convert()
  if (project === undefined) return t.fail('the reference is made')
  app.validate(project)
  t.same(warnings.all, [])
  t.same(project.children?.map(({ name }) => name), ['client', 'contract', 'hub', 'index', 'inspector', 'kafka', 'nats', 'otel', 'redis', 'stomp-client', 'stomp'], 'all entries are in it')
})

/** The id of a rule, as comments and titles of tests cite it. */
const RULE = /(?<![\w-])[A-Z]{2,}(?:-[A-Z]{2,})*-[A-Z]?\d+(?![\w-])/g

/** What looks like one: names of standards. */
const NO_RULE = /^(?:UTF|ISO|ECMA|RFC|CVE|SHA)-/

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

function filesBelow (folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending)).map((name) => join(folder, name))
}

/** Where rules are defined: the cases of the conformance suite, the first cells of tables in docs/, and the rows of the STOMP layer. */
function definedRules (): ReadonlySet<string> {
  const defined = new Set(textOf('docs/conformance-cases.md').match(RULE))
  for (const page of filesBelow('docs', '.md')) {
    // The rows of docs/security-cases.md are cited as SEC-S1.
    for (const [, id] of textOf(page).matchAll(/^\| ([A-Z][A-Z0-9-]*\d) \|/gm)) defined.add(/^S\d+$/.test(id!) ? `SEC-${id!}` : id!)
  }
  for (const [, id] of textOf('test/stomp/rows.test.ts').matchAll(/^ {2}'([A-Z]+-[A-Z]?\d+)':/gm)) defined.add(id!)
  return defined
}

/** The rules that a text cites and the repository does not define. */
function undefinedRules (text: string, defined: ReadonlySet<string>): string[] {
  return (text.match(RULE) ?? []).filter((id) => !NO_RULE.test(id) && !defined.has(id))
}

t.test('R16: every rule that a source or a test cites is defined in this repository', async (t) => {
  const defined = definedRules()
  for (const id of ['RELAY-1', 'FACT-12', 'XHR-SEND-1', 'STOMP-W1', 'SPRING-A2', 'SEC-S01']) t.ok(defined.has(id), `${id} is defined`)
  t.same(undefinedRules('// RELAY-1, RELAY-99 and FACT-12; UTF-8 is none', defined), ['RELAY-99'])
  const cited = [...filesBelow('src', '.ts'), ...filesBelow('test', '.ts')].filter((path) => path !== 'test/reference.test.ts')
  t.same(cited.flatMap((path) => undefinedRules(textOf(path), defined).map((id) => `${path} cites ${id}`)), [])
})
