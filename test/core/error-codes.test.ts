import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { test } from 'tap'
import { BROKER_ERRORS, ENGINE_ERRORS, FRAME_ERRORS, INSPECTOR_ERRORS, KAFKA_ERRORS, OTEL_ERRORS, SESSION_ERRORS, SOCKJS_ERRORS, STOMP_ERRORS, type ThrownEntry } from '../../src/core/error-codes.ts'
import { errors } from '../../src/index.ts'
import { BrokerError, StompError, stompErrors } from '../../src/stomp.ts'
import { refusal } from '../../src/stomp/refusals.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const CODE = /\b(?:FST_SOCKJS|FST_STOMP|STOMP)_[A-Z][A-Z0-9_]*\b/g

/** Environment variables of the demo server, names of sources, and parts of codes, which look like codes. */
const NO_CODE: ReadonlySet<string> = new Set(['STOMP_RELAY', 'STOMP_RELAY_DIALECT', 'STOMP_TCP_PORT', 'STOMP_ERRORS', 'STOMP_REPORTS', 'STOMP_ROWS', 'STOMP_FACTS', 'STOMP_CLIENT_', 'STOMP_ERROR'])

/** The codes of the STOMP client. It runs in pages and cannot import the registry, so that they are a type there. */
const OF_CLIENT = [.../type ClientErrorName =\s+(.*)/.exec(textOf('src/client/stomp/errors.ts'))![1]!.matchAll(/'([A-Z_]+)'/g)].map(([, name]) => 'STOMP_CLIENT_' + name!)

const THROWN: Readonly<Record<string, ThrownEntry>>[] = [SOCKJS_ERRORS, ENGINE_ERRORS, OTEL_ERRORS, INSPECTOR_ERRORS, KAFKA_ERRORS, STOMP_ERRORS]
const TOLD = [FRAME_ERRORS, SESSION_ERRORS, BROKER_ERRORS]

const registered = new Set([...THROWN.flatMap((table) => Object.values(table).map(([, code]) => code)), ...TOLD.flatMap((table) => Object.keys(table)), ...OF_CLIENT])

/** The codes in the first cells of the tables of a page. */
function listed (page: string): Set<string> {
  return new Set([...textOf(page).matchAll(/^\| (`[A-Z0-9_`, ]+`) \|/gm)].flatMap(([, cell]) => cell!.match(CODE) ?? []).filter((code) => !NO_CODE.has(code)))
}

test('the documents list the codes of the registry, and no others', async (t) => {
  t.strictSame([...listed('docs/reference.md')].sort(), [...Object.values(SOCKJS_ERRORS), ...Object.values(ENGINE_ERRORS), ...Object.values(OTEL_ERRORS), ...Object.values(INSPECTOR_ERRORS), ...Object.values(KAFKA_ERRORS)].map(([, code]) => code).sort())
  const ofStomp = [...Object.values(STOMP_ERRORS).map(([, code]) => code), ...TOLD.flatMap((table) => Object.keys(table))]
  t.strictSame([...listed('docs/stomp.md')].sort(), [...new Set(ofStomp)].sort())
  t.strictSame([...listed('docs/stomp-client.md')].sort(), [...OF_CLIENT].sort())
})

test('documents, sources and examples name no code that the registry does not have', async (t) => {
  const files = ['docs', 'src', 'examples'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:md|ts|js)$/.test(name) && !/node_modules|\bapi\b/.test(name)).map((name) => join(folder, name)))
  t.ok(files.length > 100)
  const unknown = [...files, 'README.md'].flatMap((path) => (textOf(path).match(CODE) ?? [])
    .filter((code) => !registered.has(code) && !NO_CODE.has(code)).map((code) => `${path}: ${code}`))
  t.strictSame(unknown, [])
})

test('each code of an error that is thrown stands once in the registry', async (t) => {
  const codes = THROWN.flatMap((table) => Object.values(table).map(([, code]) => code))
  t.equal(new Set(codes).size, codes.length)
})

test('STOMP-E4: a text for the client needs no escaping', async (t) => {
  for (const table of TOLD) {
    for (const [code, { text }] of Object.entries(table)) t.notMatch(text, /[:\\\r\n]/, code)
  }
})

test('the classes are made from the registry', async (t) => {
  for (const [classes, table] of [[errors, SOCKJS_ERRORS], [stompErrors, STOMP_ERRORS]] as const) {
    t.strictSame(Object.keys(classes), Object.keys(table))
    for (const [name, Class] of Object.entries(classes)) {
      const [, code, statusCode, base, text] = (table as Readonly<Record<string, ThrownEntry>>)[name]!
      const error = new Class('one', 'two')
      t.match(error, { code, statusCode, name: 'FastifyError' })
      t.equal(error.message, format(text, 'one', 'two'))
      t.equal(error instanceof TypeError, base === TypeError, name)
      t.ok(error instanceof Class && error instanceof Error)
    }
  }
  t.match(new StompError('STOMP_RATE_EXCEEDED', 'a detail'), { code: 'STOMP_RATE_EXCEEDED', statusCode: 429, message: 'Too many frames in too short a time (a detail)' })
  t.equal(new StompError('STOMP_NOT_CONNECTED').statusCode, 400)
  const refused = refusal('STOMP_QUEUE_FULL', 'at most 3')
  t.ok(refused instanceof BrokerError)
  t.match(refused, { code: 'STOMP_QUEUE_FULL', message: 'The queue is full (at most 3)', fatal: false })
})
