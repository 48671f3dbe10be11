import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import ts from 'typescript'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** A room, the rooms it may import, and the packages: `*` for any, `type:` where only types are used. */
interface Room {
  readonly name: string
  readonly rooms: readonly string[]
  readonly packages: readonly string[]
}

/** The floors of the house: every room imports only rooms that stand above it in this list. */
const ROOMS: readonly Room[] = [
  { name: 'embedded', rooms: [], packages: [] },
  // The client runs in browsers, and shares no code with the server.
  { name: 'client', rooms: [], packages: [] },
  // Both halves of an application import it.
  { name: 'contract', rooms: [], packages: [] },
  { name: 'client/stomp', rooms: ['client', 'contract'], packages: [] },
  { name: 'stomp-client', rooms: ['client', 'client/stomp'], packages: [] },

  { name: 'core/error-codes', rooms: [], packages: [] },
  { name: 'core', rooms: ['core/error-codes'], packages: ['node:perf_hooks', '@fastify/error'] },
  { name: 'pages', rooms: ['core'], packages: ['node:buffer', 'node:crypto', 'type:fastify'] },
  { name: 'stream', rooms: [], packages: ['type:fastify'] },
  { name: 'telemetry', rooms: ['core/error-codes', 'core'], packages: ['node:diagnostics_channel'] },

  { name: 'engine', rooms: ['core/error-codes', 'core'], packages: [] },
  { name: 'engine/hub', rooms: ['core', 'engine'], packages: ['node:*'] },
  { name: 'hub', rooms: ['core', 'engine', 'engine/hub'], packages: [] },
  { name: 'engine/nats', rooms: ['core', 'engine'], packages: ['node:buffer', 'node:crypto'] },
  { name: 'nats', rooms: ['core', 'engine', 'engine/nats'], packages: [] },
  { name: 'engine/redis', rooms: ['core', 'engine'], packages: [] },
  { name: 'redis', rooms: ['core', 'engine', 'engine/redis'], packages: [] },
  { name: 'cluster', rooms: ['telemetry', 'core/error-codes', 'core', 'engine'], packages: ['node:crypto', 'node:buffer'] },

  { name: 'sockjs/types', rooms: [], packages: ['*'] },
  { name: 'sockjs/errors', rooms: ['core/error-codes', 'core'], packages: [] },
  { name: 'sockjs/protocol', rooms: ['stream'], packages: ['node:buffer'] },
  { name: 'sockjs/session', rooms: ['telemetry', 'core', 'stream', 'sockjs/errors', 'sockjs/protocol'], packages: ['node:buffer', 'node:crypto', 'type:fastify'] },
  { name: 'sockjs/transports', rooms: ['telemetry', 'core', 'stream', 'sockjs/errors', 'sockjs/protocol', 'sockjs/session'], packages: ['node:*', 'ws', 'websocket-driver'] },
  { name: 'sockjs/options', rooms: ['cluster', 'engine', 'sockjs/protocol', 'core', 'stream', 'sockjs/errors', 'sockjs/session'], packages: ['*'] },
  { name: 'sockjs/endpoint', rooms: ['engine', 'cluster', 'core', 'stream', 'telemetry', 'sockjs/errors', 'sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'sockjs/options'], packages: ['*'] },
  {
    name: 'sockjs/remote',
    rooms: ['telemetry', 'core', 'engine', 'cluster', 'sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'sockjs/options', 'sockjs/endpoint'],
    packages: ['node:crypto', 'type:node:net', 'type:ws']
  },
  { name: 'sockjs/request', rooms: ['core', 'stream', 'sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'sockjs/options', 'sockjs/endpoint'], packages: ['*'] },
  { name: 'sockjs/upgrade', rooms: ['core', 'sockjs/errors', 'sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'sockjs/endpoint', 'sockjs/request'], packages: ['*'] },
  {
    name: 'sockjs/routes',
    rooms: ['sockjs/remote', 'embedded', 'core', 'stream', 'sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'sockjs/options', 'sockjs/endpoint', 'sockjs/request', 'sockjs/upgrade'],
    packages: ['*']
  },
  { name: 'sockjs/scope', rooms: ['sockjs/remote', 'sockjs/protocol', 'sockjs/transports', 'sockjs/options', 'sockjs/endpoint', 'sockjs/request', 'sockjs/upgrade', 'sockjs/routes'], packages: ['*'] },
  {
    name: 'sockjs/facade',
    rooms: ['telemetry', 'engine', 'sockjs/remote', 'core', 'stream', 'sockjs/errors', 'sockjs/protocol', 'sockjs/session', 'sockjs/options', 'sockjs/endpoint', 'sockjs/request', 'sockjs/upgrade', 'sockjs/scope'],
    packages: ['*']
  },
  { name: 'sockjs/plugin', rooms: ['sockjs/remote', 'core', 'telemetry', 'sockjs/errors', 'sockjs/options', 'sockjs/endpoint', 'sockjs/upgrade', 'sockjs/facade'], packages: ['*'] },
  { name: 'sockjs/metrics', rooms: ['core', 'telemetry', 'sockjs/errors'], packages: ['*'] },
  {
    name: 'index',
    rooms: ['sockjs/metrics', 'core', 'stream', 'telemetry', 'engine', 'sockjs/errors', 'sockjs/protocol', 'sockjs/session', 'sockjs/options', 'sockjs/endpoint', 'sockjs/facade', 'sockjs/plugin'],
    packages: []
  },

  { name: 'stomp/codec', rooms: ['core/error-codes'], packages: ['node:buffer'] },
  { name: 'stomp/errors', rooms: ['core/error-codes', 'core', 'stomp/codec'], packages: [] },
  { name: 'stomp/refusals', rooms: ['core/error-codes'], packages: [] },
  { name: 'stomp/destinations', rooms: ['core', 'stomp/refusals'], packages: [] },
  { name: 'stomp/pattern-trie', rooms: [], packages: [] },
  { name: 'stomp/broker', rooms: ['telemetry', 'core', 'stream', 'cluster', 'stomp/codec', 'stomp/refusals'], packages: ['node:crypto'] },
  {
    name: 'stomp/broker/local',
    rooms: ['telemetry', 'core', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/destinations', 'stomp/pattern-trie', 'stomp/broker'],
    packages: ['node:crypto']
  },
  {
    name: 'stomp/broker/memory',
    rooms: ['telemetry', 'core', 'stomp/codec', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/broker/local'],
    packages: []
  },
  {
    name: 'stomp/broker/cluster',
    rooms: ['telemetry', 'core', 'engine', 'cluster', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/broker/local'],
    packages: []
  },
  { name: 'stomp/broker/relay/dialects', rooms: ['stomp/broker'], packages: [] },
  {
    name: 'stomp/broker/relay',
    rooms: ['telemetry', 'core', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/broker/relay/dialects'],
    packages: ['node:*']
  },
  { name: 'stomp/telemetry', rooms: ['telemetry'], packages: [] },
  { name: 'stomp/taps', rooms: ['core', 'stomp/errors', 'stomp/destinations', 'stomp/pattern-trie', 'stomp/broker'], packages: [] },
  { name: 'stomp/session', rooms: ['stomp/telemetry', 'core', 'stream', 'telemetry', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/taps'], packages: ['node:*', 'type:fastify'] },
  { name: 'stomp/users', rooms: ['core', 'stomp/codec', 'stomp/broker', 'stomp/session'], packages: [] },
  { name: 'stomp/stream-source', rooms: ['core', 'stream'], packages: ['node:net'] },
  { name: 'stomp/cluster', rooms: ['core', 'cluster', 'stomp/codec', 'stomp/errors', 'stomp/broker', 'stomp/users', 'stomp/stream-source'], packages: [] },
  {
    name: 'stomp/presence',
    rooms: ['core', 'cluster', 'stomp/codec', 'stomp/errors', 'stomp/destinations', 'stomp/pattern-trie', 'stomp/broker', 'stomp/session', 'stomp/users'],
    packages: []
  },
  { name: 'stomp/requests', rooms: ['core', 'cluster', 'stomp/codec', 'stomp/errors', 'stomp/destinations', 'stomp/broker', 'stomp/session', 'stomp/users'], packages: ['node:crypto'] },
  { name: 'stomp/rules', rooms: ['core', 'stomp/codec', 'stomp/errors', 'stomp/destinations', 'stomp/session'], packages: ['*'] },
  { name: 'stomp/rights', rooms: ['stomp/codec', 'stomp/errors', 'stomp/destinations', 'stomp/broker', 'stomp/session', 'stomp/rules'], packages: [] },
  { name: 'stomp/hooks', rooms: ['core', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/broker', 'stomp/session'], packages: ['*'] },
  { name: 'stomp/observer', rooms: ['telemetry', 'stomp/requests', 'stomp/session', 'stomp/users', 'stomp/presence', 'stomp/hooks'], packages: [] },
  {
    name: 'stomp/routes',
    rooms: ['contract', 'stomp/requests', 'stomp/telemetry', 'core', 'telemetry', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/taps', 'stomp/session', 'stomp/users', 'stomp/cluster', 'stomp/rights'],
    packages: ['*']
  },
  {
    name: 'stomp/asyncapi',
    rooms: ['contract', 'embedded', 'pages', 'core', 'stomp/errors', 'stomp/destinations', 'stomp/rules', 'stomp/routes'],
    packages: ['type:fastify']
  },
  {
    name: 'stomp/application',
    rooms: ['stomp/requests', 'telemetry', 'stomp/codec', 'stomp/destinations', 'stomp/broker', 'stomp/taps', 'stomp/session', 'stomp/users', 'stomp/presence', 'stomp/rights', 'stomp/hooks', 'stomp/routes'],
    packages: []
  },
  {
    name: 'stomp',
    rooms: [
      'contract', 'stomp/requests',
      'stomp/telemetry',
      'embedded', 'core', 'stream', 'telemetry', 'cluster', 'sockjs/errors', 'sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'sockjs/options', 'sockjs/endpoint',
      'stomp/stream-source', 'stomp/cluster', 'stomp/presence', 'stomp/codec', 'stomp/errors', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/broker/local', 'stomp/broker/memory', 'stomp/broker/cluster', 'stomp/broker/relay', 'stomp/taps', 'stomp/session', 'stomp/users',
      'stomp/rules', 'stomp/rights', 'stomp/hooks',
      'stomp/observer', 'stomp/routes', 'stomp/asyncapi', 'stomp/application'
    ],
    packages: ['*']
  },

  {
    name: 'bridge/kafka',
    rooms: ['telemetry', 'core/error-codes', 'core', 'stomp/codec', 'stomp/refusals', 'stomp/destinations', 'stomp/broker', 'stomp/session'],
    packages: ['node:buffer', 'type:fastify', 'fastify-plugin']
  },
  { name: 'kafka', rooms: ['core', 'bridge/kafka'], packages: [] },

  { name: 'otel', rooms: ['embedded', 'core/error-codes', 'core', 'telemetry'], packages: ['node:async_hooks', '@opentelemetry/api', 'type:fastify', 'fastify-plugin'] },
  {
    name: 'inspector',
    rooms: [
      'embedded', 'pages', 'core/error-codes', 'core', 'stream', 'cluster', 'telemetry', 'sockjs/options', 'sockjs/endpoint', 'sockjs/session',
      'stomp/codec', 'stomp/refusals', 'stomp/broker', 'stomp/session', 'stomp/users', 'stomp'
    ],
    packages: ['*']
  }
]

/** The files of STOMP that may know the SockJS server. All others know a client as a `MessageStream`. */
const SOCKJS_DOORS = ['stomp/plugin.ts', 'stomp/documents.ts', 'stomp/sockjs-endpoint.ts', 'stomp/options.ts']

/** Rooms that get their time from the clock. */
const TIMELESS = /^(stream|telemetry|sockjs\/.*|stomp|stomp\/.*|bridge\/.*|inspector)$/

/** Files that need the real time: how long a test waits for a frame, the date of a header. */
const REAL_TIME = ['stomp/inject.ts', 'sockjs/request/responses.ts']

interface Import {
  readonly from: string
  /** The names that are used, and whether only as types. */
  readonly names: readonly string[]
  readonly typeOnly: boolean
}

interface Source {
  /** Relative to `src/`, with `/`. */
  readonly path: string
  readonly room: string
  readonly tree: ts.SourceFile
}

function filesBelow (folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts')).map((path) => path.split(sep).join('/')).sort()
}

function parse (path: string, text: string): Source {
  return { path, room: roomOf(path), tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) }
}

function roomOf (path: string): string {
  const place = path.replace(/(\.d)?\.ts$/, '')
  const rooms = ROOMS.map(({ name }) => name).filter((name) => place === name || place.startsWith(name + '/'))
  // A room may hold another one. The inner one has the longer name.
  return rooms.reduce((inner, name) => name.length > inner.length ? name : inner, '') || `no room for ${path}`
}

function importsOf ({ tree }: Source): Import[] {
  const imports: Import[] = []
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      const from = (node.moduleSpecifier as ts.StringLiteral).text
      const clause = ts.isImportDeclaration(node) ? node.importClause : node
      const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause
      const elements = bindings !== undefined && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) ? [...bindings.elements] : []
      const whole = ts.isImportDeclaration(node) && node.importClause?.name !== undefined
      const isType = clause !== undefined && 'isTypeOnly' in clause && clause.isTypeOnly
      imports.push({
        from,
        names: elements.map((element) => (element.propertyName ?? element.name).text),
        typeOnly: isType || (!whole && elements.length > 0 && elements.every((element) => element.isTypeOnly))
      })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      imports.push({ from: (node.arguments[0] as ts.StringLiteral).text, names: [], typeOnly: false })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      imports.push({ from: (node.argument.literal as ts.StringLiteral).text, names: [], typeOnly: true })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return imports
}

const isRelative = (from: string): boolean => from.startsWith('.')
const targetOf = (source: Source, from: string): string => join(dirname(source.path), from).split(sep).join('/')

/** Imports that go up or sideways, or past the door of a room. */
function wrongArrows (source: Source): string[] {
  const wrong: string[] = []
  const own = ROOMS.find(({ name }) => name === source.room)
  if (own === undefined) return [source.room]
  for (const { from, typeOnly } of importsOf(source)) {
    const say = (why: string) => wrong.push(`${source.path} imports ${from}: ${why}`)
    if (!isRelative(from)) {
      const allowed = own.packages.some((name) => name === '*' || name === from ||
        (name === 'node:*' && from.startsWith('node:')) || (typeOnly && name === `type:${from}`))
      if (!allowed) say(`no package for ${own.name}/`)
      continue
    }
    const target = targetOf(source, from)
    const room = roomOf(target)
    if (room === own.name) continue
    if (!own.rooms.includes(room)) say(`${own.name}/ does not know ${room}/`)
    if (DOORS.has(room) && target !== `${room}/index.ts`) say(`${room}/ has a door`)
    if (own.name === 'stomp' && room.startsWith('sockjs/') && !SOCKJS_DOORS.includes(source.path)) say('a MessageStream is all that it may know')
  }
  return wrong
}

/** Variables of a module that can change, as far as it can be seen. */
function mutableState (source: Source): string[] {
  const found: string[] = []
  const constants = new Map<string, ts.Expression | undefined>()
  const say = (node: ts.Node, what: string) => {
    const { line } = source.tree.getLineAndCharacterOfPosition(node.getStart())
    found.push(`${source.path}:${line + 1} ${what}`)
  }
  for (const statement of source.tree.statements) {
    if (!ts.isVariableStatement(statement)) continue
    if ((statement.declarationList.flags & ts.NodeFlags.Const) === 0 && !source.path.endsWith('.d.ts')) say(statement, 'a variable of the module')
    for (const { name, type, initializer } of statement.declarationList.declarations) {
      constants.set(name.getText(), initializer)
      if (initializer === undefined) continue
      const made = ts.isNewExpression(initializer) ? initializer.expression.getText() : ''
      const collection = /^(Weak)?(Map|Set)$|^Array$/.test(made) || ts.isArrayLiteralExpression(initializer)
      if (collection && !/^(readonly |Readonly)/.test(type?.getText() ?? '')) say(initializer, `${name.getText()} is not typed as read-only`)
    }
  }
  const rootOf = (node: ts.Expression): string => {
    let at = node
    while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at) || ts.isNonNullExpression(at)) at = at.expression
    return at === node ? '' : at.getText()
  }
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      node.operatorToken.kind <= ts.SyntaxKind.LastAssignment && constants.has(rootOf(node.left))) {
      say(node, `writes to ${rootOf(node.left)}`)
    } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const owner = node.expression.expression.getText()
      const method = node.expression.name.text
      if (constants.has(owner) && /^(push|pop|shift|unshift|splice|sort|reverse|fill|set|add|delete|clear)$/.test(method)) say(node, `changes ${owner}`)
      const initial = constants.get(owner)
      if (/^(test|exec)$/.test(method) && initial !== undefined && /^\/.*\/[a-z]*[gy]/s.test(initial.getText())) say(node, `${owner} remembers where it stopped`)
    } else if (ts.isPropertyDeclaration(node)) {
      const modifiers = node.modifiers?.map(({ kind }) => kind) ?? []
      if (modifiers.includes(ts.SyntaxKind.StaticKeyword) && !modifiers.includes(ts.SyntaxKind.ReadonlyKeyword)) say(node, 'a variable of the class')
    }
    ts.forEachChild(node, visit)
  }
  visit(source.tree)
  return found
}

/** Uses of a global: itself, as `setTimeout(…)`, or one of its members, as `Date.now`. */
function globalsUsed (source: Source, globals: readonly string[]): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const isName = ts.isIdentifier(node) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) &&
      !ts.isPropertyAssignment(node.parent) && !ts.isTypeReferenceNode(node.parent) && !ts.isMethodDeclaration(node.parent)
    if (isName && globals.includes(node.text)) found.push(`${source.path} uses ${node.text}`)
    ts.forEachChild(node, visit)
  }
  visit(source.tree)
  return found
}

const SOURCES = filesBelow('src').map((path) => parse(path, readFileSync(join(root, 'src', path), 'utf8')))

/** Rooms that are entered through their `index.ts` only. */
const DOORS: ReadonlySet<string> = new Set(SOURCES.map(({ path }) => path).filter((path) => path.endsWith('/index.ts'))
  .map((path) => dirname(path)).filter((name) => ROOMS.some((room) => room.name === name)))

/**
 * The circles of imports between files, type imports included. Each list is one group of files that reach each other.
 */
function circles (sources: readonly Source[]): string[][] {
  const targets = new Map(sources.map((source) => [source.path, importsOf(source).filter(({ from }) => isRelative(from)).map(({ from }) => targetOf(source, from))]))
  const reach = (start: string): Set<string> => {
    const seen = new Set<string>()
    const todo = [...targets.get(start) ?? []]
    for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
      if (seen.has(path)) continue
      seen.add(path)
      todo.push(...targets.get(path) ?? [])
    }
    return seen
  }
  const reached = new Map([...targets.keys()].map((path) => [path, reach(path)]))
  const groups = new Map<string, string[]>()
  for (const [path, seen] of reached) {
    if (!seen.has(path)) continue
    const group = [...seen].filter((other) => reached.get(other)?.has(path)).sort()
    groups.set(group[0]!, group)
  }
  return [...groups.values()]
}

const all = (check: (source: Source) => string[], rooms = /./): string[] =>
  SOURCES.filter(({ room }) => rooms.test(room)).flatMap(check)

const CLOCKS = ['setTimeout', 'setInterval', 'Date', 'performance']

test('imports go only downwards', async (t) => {
  t.ok(SOURCES.length > 30)
  ROOMS.forEach(({ rooms }, floor) => {
    for (const name of rooms) t.ok(ROOMS.slice(0, floor).some((room) => room.name === name), `${name} stands below ${ROOMS[floor]!.name}`)
  })
  t.strictSame(all(wrongArrows), [])
  t.ok(['sockjs/protocol', 'sockjs/session', 'sockjs/transports', 'stomp/codec'].every((name) => DOORS.has(name)), 'rooms with a door')
})

interface Manifest { readonly name: string, readonly dependencies: Record<string, string>, readonly peerDependencies?: Record<string, string> }

/** The packages that sources use at run time and their package does not ask for. */
function undeclared (sources: readonly Source[], folder: string): string[] {
  const { name, dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
  const installed = new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies ?? {})])
  const packageOf = (from: string): string => from.split('/').slice(0, from.startsWith('@') ? 2 : 1).join('/')
  return sources.flatMap((source) => importsOf(source)
    .filter(({ from, typeOnly }) => !typeOnly && !isRelative(from) && !from.startsWith('node:') && !installed.has(packageOf(from)))
    .map(({ from }) => `${source.path} imports ${from}`))
}

/** The sources of another package of this repository. */
const sourcesBelow = (folder: string, left: RegExp): Source[] => filesBelow(folder).filter((path) => !left.test(path))
  .map((path) => parse(path, readFileSync(join(root, folder, path), 'utf8')))

// The faults are the test bench of the runner, and the peers are servers to compare with. Neither is in the package.
const RUNNER = sourcesBelow('protocol-tests', /^(?:dist|faults|peers|node_modules)\//)
const DEMO = sourcesBelow('examples/demo/src', /^$/)

test('a package asks for the packages that it imports at run time', async (t) => {
  t.strictSame(undeclared(SOURCES, '.'), [])
  t.strictSame(undeclared(RUNNER, 'protocol-tests'), [])
})

/** The imports of a package that leave its folder, and those that fit a pattern. */
const leaving = (sources: readonly Source[], forbidden: RegExp): string[] => sources.flatMap((source) => importsOf(source).map(({ from }) => from)
  .filter((from) => forbidden.test(from) || (isRelative(from) && targetOf(source, from).startsWith('..')))
  .map((from) => `${source.path} imports ${from}`))

test('the conformance runner imports nothing of the server, and the demo server only the faces of the package', async (t) => {
  t.ok(RUNNER.length > 10)
  t.strictSame(leaving(RUNNER, /^fastify-sockjs(\/|$)|^\.\/(?:faults|peers)\//), [])
  t.ok(DEMO.length > 5)
  t.strictSame(leaving(DEMO, /^fastify-sockjs\/(?!(?:stomp|hub|nats|redis|kafka|inspector)$)/), [])
  t.equal(leaving([parse('x.ts', "import '../src/index.ts'"), parse('x.ts', "import 'fastify-sockjs'")], /^fastify-sockjs$/).length, 2)
})

test('no module keeps state: two servers in one process share nothing', async (t) => {
  t.strictSame(all(mutableState), [])
})

test('time comes from the clock, and output from the log', async (t) => {
  t.strictSame(all((source) => REAL_TIME.includes(source.path) ? [] : globalsUsed(source, CLOCKS), TIMELESS), [])
  t.strictSame(all((source) => globalsUsed(source, ['console'])), [])
})

test('these checks find what they look for', async (t) => {
  const arrows: [string, string, RegExp][] = [
    ['sockjs/session/x.ts', "import { a } from '../endpoint/endpoint.ts'", /session\/ does not know sockjs\/endpoint\//],
    ['sockjs/session/x.ts', "import type { a } from '../transports/index.ts'", /does not know sockjs\/transports/],
    ['sockjs/session/x.ts', "export * from '../../index.ts'", /does not know index/],
    ['sockjs/session/x.ts', "const a = await import('../endpoint/endpoint.ts')", /does not know sockjs\/endpoint/],
    ['sockjs/session/x.ts', "type A = import('../endpoint/endpoint.ts').A", /does not know sockjs\/endpoint/],
    ['sockjs/session/x.ts', "import { quote } from '../protocol/quote.ts'", /has a door/],
    ['sockjs/protocol/x.ts', "import fs from 'node:fs'", /no package/],
    ['stomp/codec/x.ts', "import { Timer } from '../../core/timer.ts'", /does not know core/],
    ['stomp/session/x.ts', "import type { Session } from '../../sockjs/session/index.ts'", /does not know sockjs/],
    ['stomp/broker/relay/x.ts', "import { Queue } from '../memory/queue.ts'", /relay\/ does not know stomp\/broker\/memory/],
    ['stomp/session/x.ts', "import { memoryBroker } from '../broker/memory/index.ts'", /does not know stomp\/broker\/memory/],
    ['stomp/application.ts', "import type { Session } from '../sockjs/session/index.ts'", /does not know sockjs/],
    ['stomp/x.ts', "import type { Session } from '../sockjs/session/index.ts'", /MessageStream/],
    ['nowhere/x.ts', '', /no room/]
  ]
  for (const [path, text, why] of arrows) t.match(wrongArrows(parse(path, text)).join(), why, text)
  t.strictSame(wrongArrows(parse('stomp/session/x.ts', "import type { Message, MessageStream } from '../../stream/message-stream.ts'")), [])
  for (const text of [
    'let a = 1', 'export var a', 'const a = new Map()', 'const a: Map<string, string> = new Map()', 'const a = []', 'class A { static count = 0 }',
    'const a = {}; function f () { a.b = 1 }', 'const a = {}; function f () { a["b"]!.c ??= 1 }', 'const a = f(); a.push(1)', 'const a = /x/g; a.test("x")'
  ]) t.equal(mutableState(parse('sockjs/session/x.ts', text)).length, 1, text)
  t.strictSame(mutableState(parse('sockjs/session/x.ts', `const a: ReadonlyMap<string, string> = new Map(); const b: readonly string[] = []
    class A { static readonly b = 1; c = 2 }
    function f () { let d = 1; d++; const e = new Set(); e.add(d) }
    const g = /x/g; 'x'.replace(g, 'y')`)), [])
  t.equal(globalsUsed(parse('sockjs/session/x.ts', 'setTimeout(f, 1); const now = Date.now(); performance.now(); new Date()'), CLOCKS).length, 4)
  t.strictSame(globalsUsed(parse('sockjs/session/x.ts', 'socket.setTimeout(0); const a = { Date: 1 }'), CLOCKS), [])
})

/** The circles that are wanted, by their first file, each with the reason. */
const WANTED_CIRCLES: ReadonlyMap<string, string> = new Map([
  ['cluster/attendance.ts', 'a node owns its members, links and calls, and they use its engine, its log and each other through it'],
  ['engine/memory-engine.ts', 'an engine owns its logs and queues, which ask it whether the network is there'],
  ['engine/store/queue-consumer.ts', 'a queue gives messages to its consumers, which settle them there, and its table forgets it when it is empty'],
  ['sockjs/endpoint/cluster.ts', 'an endpoint counts its sessions in its registration, which closes its endpoints and asks them for other nodes; the calls about all nodes belong to an endpoint'],
  ['sockjs/session/inbox.ts', 'the inbox and the output of a session call it, and its host is told which session calls'],
  ['stomp/broker/local/queue-subscription.ts', 'a queue gives messages to its subscriptions, which settle them there; the list of queues takes the dead letters of one to another, and forgets the empty ones'],
  ['stomp/session/deliveries.ts', 'a session calls its host and owns its deliveries, and both are told which session calls']
])

test('files import each other in no circle without a reason', async (t) => {
  t.strictSame(circles(SOURCES).filter(([first]) => !WANTED_CIRCLES.has(first!)), [])
  t.strictSame([...WANTED_CIRCLES.keys()].filter((first) => !circles(SOURCES).some((circle) => circle[0] === first)), [], 'every reason has its circle')
  const [a, b] = [parse('core/a.ts', "import type { B } from './b.ts'"), parse('core/b.ts', "import { a } from './a.ts'")]
  t.strictSame(circles([a, b]), [['core/a.ts', 'core/b.ts']])
})
