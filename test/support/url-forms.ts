import type { Test } from 'tap'
import { newId } from './client.ts'
import { UPGRADE } from './doors.ts'
import { ask, startRequest } from './http.ts'
import type { TestServer } from './server.ts'
import { within } from './wait.ts'

/** One way to write a URL of an endpoint. */
interface UrlForm {
  readonly write: (path: string, port: number) => string
  /** The answer of a server with Fastify's defaults: 200 stands for an endpoint that is there. */
  readonly status: 200 | 400 | 404
}

function withId (id: string): UrlForm['write'] {
  return (path) => path.replace(/\/000\/[^/]+\//, `/000/${id}/`)
}

/**
 * Fastify's router reads the prefix, the slashes, and where the path ends. The words behind it belong to the protocol, and have one spelling
 * (URL-2, URL-12).
 */
const FORMS = {
  exact: { write: (path) => path, status: 200 },
  'a query': { write: (path) => path + '?token=a/b;c', status: 200 },
  'the absolute form': { write: (path, port) => `http://127.0.0.1:${port}${path}`, status: 200 },
  'an escape in the prefix': { write: (path) => path.replace('/echo', '/%65cho'), status: 200 },
  'another case in the prefix': { write: (path) => path.replace('/echo', '/ECHO'), status: 404 },
  'two slashes before the prefix': { write: (path) => path.replace('/echo', '//echo'), status: 404 },
  'another prefix': { write: (path) => path.replace('/echo', '/echoes'), status: 404 },
  'a prefix before the prefix': { write: (path) => '/public' + path, status: 404 },
  'an escaped slash behind the prefix': { write: (path) => path.replace('/echo/', '/echo%2F'), status: 404 },
  'a broken escape in the prefix': { write: (path) => path.replace('/echo', '/ec%zzho'), status: 400 },
  'two slashes behind the prefix': { write: (path) => path.replace('/echo/', '/echo//'), status: 404 },
  'a slash at the end': { write: (path) => path + '/', status: 404 },
  'a semicolon at the end': { write: (path) => path + ';token=a', status: 404 },
  'another case at the end': { write: (path) => path.replace(/\w+$/, (name) => name.toUpperCase()), status: 404 },
  'an escape at the end': { write: (path) => path.replace(/\w(?=\w*$)/, (letter) => '%' + letter.charCodeAt(0).toString(16)), status: 404 },
  'an unknown end': { write: (path) => path + '2', status: 404 },
  'the longest id': { write: withId('i'.repeat(128)), status: 200 },
  'an id that is too long': { write: withId('i'.repeat(129)), status: 404 },
  'an id with a dot': { write: withId('a.b'), status: 404 },
  'an id with an escaped dot': { write: withId('a%2eb'), status: 404 }
} as const satisfies Record<string, UrlForm>

export type FormName = keyof typeof FORMS

/** Answers under an option that differ from those under Fastify's defaults. */
export type OtherAnswers = Readonly<Partial<Record<FormName, UrlForm['status']>>>

/** The URLs that answer a plain GET, each with the WebSocket URL beside it. */
function twins (path: string): [plain: string, socket: string][] {
  return [[`${path}/000/${newId()}/eventsource`, `${path}/000/${newId()}/websocket`], [path + '/info', path + '/websocket']]
}

export interface FormsOptions {
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly answers?: OtherAnswers
}

/** HTTP and WebSocket give one answer to every form of a URL. */
export async function sameAnswers (t: Test, server: TestServer, { path = '/echo', headers = {}, answers = {} }: FormsOptions): Promise<void> {
  const common = { port: server.port, ...server.wire, headers }
  for (const [name, { write, status: usual }] of Object.entries(FORMS)) {
    const due = answers[name as FormName] ?? usual
    for (const [plain, socket] of twins(path)) {
      const [plainUrl, socketUrl] = [write(plain, server.port), write(socket, server.port)]
      // A form of the id is none of a URL without ids.
      const expected = plainUrl === plain ? 200 : due
      t.equal(await statusOf({ ...common, path: plainUrl }), expected, `${name}: GET ${plainUrl}`)
      const upgrade = await statusOf({ ...common, path: socketUrl, headers: { ...headers, ...UPGRADE } })
      t.equal(upgrade, expected === 200 ? 101 : expected, `${name}: upgrade of ${socketUrl}`)
      const { status } = await ask({ ...common, path: socketUrl })
      t.equal(status, expected === 200 ? 400 : expected, `${name}: GET ${socketUrl}, which a WebSocket alone can use`)
    }
  }
}

/** The status of an answer, which may go on for ever. */
async function statusOf (options: Parameters<typeof startRequest>[0]): Promise<number> {
  const { request, response } = startRequest(options)
  const { statusCode } = await within(response, `GET ${options.path}`)
  request.destroy()
  return statusCode!
}
