import type { ProxyProgram } from './proxy.ts'

/** The programs whose configurations this file can mend. */
export type MendedProgram = Extract<ProxyProgram, 'nginx' | 'HAProxy'>

/** The lines that a remedy adds, and the beginnings of the lines that it removes. */
interface Changes {
  readonly adds: readonly string[]
  readonly removes: readonly string[]
}

/** Reads a remedy of the doctor as a person does: `remove: a; b`, `# and remove: a;`, `add: a`, or a line with a comment. */
function changesOf (remedy: string): Changes {
  const [adds, removes]: [string[], string[]] = [[], []]
  for (const line of remedy.split('\n')) {
    const [, removed] = /^(?:# and )?remove: (.*)$/.exec(line) ?? []
    if (removed !== undefined) removes.push(...removed.split(';').map((part) => part.trim()).filter((part) => part !== ''))
    else adds.push(line.replace(/^add: /, '').replace(/ {3}#.*$/, ''))
  }
  return { adds, removes }
}

/** The place of a line: behind the line that this pattern finds, in place of the lines of its block that begin with the same words. */
interface Place {
  readonly behind: RegExp
  readonly key: string
}

const words = (line: string, count: number): string => line.split(/\s+/).slice(0, count).join(' ')

const PLACES: Readonly<Record<MendedProgram, (line: string) => Place>> = {
  nginx (line) {
    if (line.startsWith('map ')) return { behind: /^http \{/m, key: words(line, 3) }
    if (line.startsWith('hash ')) return { behind: /^ *upstream \S+ \{/m, key: 'hash' }
    return { behind: /^ *location \/ \{/m, key: words(line, line.startsWith('proxy_set_header') ? 2 : 1) }
  },
  HAProxy (line) {
    if (/^(?:balance|hash-type)\b/.test(line)) return { behind: /^backend .*/m, key: words(line, 1) }
    if (line.startsWith('http-')) return { behind: /^ *bind .*/m, key: line }
    return { behind: /^defaults/m, key: words(line, 2) }
  }
}

/** The end of a block: a brace in nginx, the next section in HAProxy. */
const ENDS: Readonly<Record<MendedProgram, RegExp>> = { nginx: /^ *\}/m, HAProxy: /^[a-z]/m }

function put (program: MendedProgram, configuration: string, line: string): string {
  const { behind, key } = PLACES[program](line)
  const found = behind.exec(configuration)
  if (found === null) throw new Error(`no place for ${line}`)
  const start = found.index + found[0].length
  const rest = configuration.slice(start)
  const end = ENDS[program].exec(rest)?.index ?? rest.length
  const block = rest.slice(0, end).split('\n').filter((other) => !`${other.trim()} `.startsWith(`${key} `)).join('\n')
  return `${configuration.slice(0, start)}\n  ${line}${block}${rest.slice(end)}`
}

function without (configuration: string, beginning: string): string {
  return configuration.split('\n').filter((line) => !line.trim().startsWith(beginning)).join('\n')
}

/** Applies the lines that the doctor has named to a configuration. */
export function mend (program: MendedProgram, configuration: string, remedies: readonly string[]): string {
  const changes = remedies.map(changesOf)
  const removes = new Set(changes.flatMap((change) => change.removes))
  // In a remedy for nginx "server …;" stands for the servers that are there.
  const adds = new Set(changes.flatMap((change) => change.adds).map((line) => line.replace(/^upstream \S+ \{ (.*) server …; \}$/, '$1')))
  let mended = configuration
  for (const beginning of removes) mended = without(mended, beginning)
  for (const line of adds) mended = put(program, mended, line)
  return mended
}
