import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { buildServer } from './support/server.ts'

const PAGE = fileURLToPath(new URL('../docs/troubleshooting.md', import.meta.url))
const COMMANDS = [...readFileSync(PAGE, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code!.trim()).filter((code) => code.includes('curl'))

/** What each command of docs/troubleshooting.md prints, by a part of it. */
const EXPECTED: readonly (readonly [part: string, output: RegExp, refused: string | null])[] = [
  ["-H 'Origin: https://app.example.com'\n", /^HTTP\/1\.1 403 Forbidden[^]*Origin not allowed\.\n$/, 'origin'],
  ['X-Forwarded-Proto: https', /^200\n$/, null],
  ['/websocket"', /^HTTP\/1\.1 101 Switching Protocols/, null],
  ['| cut -c 1-40', /^h{40}\no\n$/, null],
  ['time_total', /^[\d.]+\n$/, null],
  ['nosuchsession', /^HTTP\/1\.1 404 Not Found/, 'session'],
  ['head -c 5000000', /^o\nBody too large\.\n413\n$/, 'body'],
  ['Access-Control-Request-Headers: traceparent', /^HTTP\/1\.1 204 No Content[^]*access-control-allow-headers: traceparent/i, null],
  ['iframe.html', /<script src="\/echo\/sockjs-[\d.]+\.min\.js"><\/script>\n$/, null]
]

function hasCurl (): boolean {
  try {
    execFileSync('curl', ['--version'])
    return true
  } catch {
    return false
  }
}

/** Streams are left after a second. */
function run (command: string, port: number): Promise<string> {
  const script = command.replaceAll(/--max-time \d+/g, '--max-time 1')
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { env: { ...process.env, URL: `http://127.0.0.1:${port}/echo`, no_proxy: '*' } }, (_error, stdout) => resolve(stdout))
  })
}

t.test('the commands of docs/troubleshooting.md print what it says', async (t) => {
  t.equal(COMMANDS.length, EXPECTED.length, 'every command is in the table')
  if (!hasCurl()) return t.comment('curl is not installed; the commands were not run')
  for (const [part, output, refused] of EXPECTED) {
    const command = COMMANDS.find((code) => `${code}\n`.includes(part))
    if (command === undefined) {
      t.fail(`no command contains ${part}`)
      continue
    }
    const lines: { refused?: string }[] = []
    const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
    // The preflight shows what an accepted origin gets.
    const origins = part.includes('traceparent') ? ['https://app.example.com'] : []
    const server = await buildServer(t, { plugin: { origins }, fastify: { logger: { level: 'info', stream }, trustProxy: '127.0.0.1' } })
    t.match(await run(command, server.port), output, part)
    t.equal(lines.find((line) => line.refused !== undefined)?.refused ?? null, refused, `the log after ${part}`)
    await server.stop()
  }
})
