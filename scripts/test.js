// Runs test files, each in a process of its own, several at a time: `test.js [--quick] [path]`. A path is a file or a folder, and there may be
// several; without one, all files run. One file alone prints all its output; of several files the failures are printed.
import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The tests wait more than they work: more files than processors run at a time. */
const JOBS = 4

/** The seconds after which a file fails. With `SOAK=1` some have twenty times as many messages. */
const LIMIT = process.env.SOAK === undefined ? 600 : 3600

/** The files that take longest. They start first, so that none of them runs alone at the end. */
const LONGEST = ['package', 'delivery/delivery', 'stomp/clients', 'conformance', 'stomp/heap', 'contract/heap', 'engine/hub', 'demo/workers',
  'stomp/broker/relay-reconnect', 'engine/redis', 'doctor/minute', 'sockjs/remote/contract', 'demo/serve', 'runner', 'asyncapi-runner', 'docs',
  'examples', 'sockjs/endpoint/router-options', 'stomp/transport-sockjs', 'security/memory', 'security/process-killers']
  .map((name) => `test/${name}.test.ts`)

/** Units and contracts: `--quick` runs these without the longest files. */
const QUICK = ['architecture.test.ts', 'inner-details.test.ts', 'core', 'sockjs/protocol', 'sockjs/session', 'sockjs/options', 'contract', 'stomp/codec', 'stomp/session',
  'stomp/routes'].map((name) => `test/${name}`)

const ARGUMENTS = ['scripts/typescript/register.js', 'test/support/tap/register.js', 'test/support/fail-on-warning.ts'].map((file) => `--import=./${file}`)

function filesOf (path) {
  const whole = join(ROOT, path)
  if (statSync(whole).isFile()) return [path]
  return readdirSync(whole, { recursive: true }).filter((name) => name.endsWith('.test.ts')).map((name) => relative(ROOT, join(whole, name)))
}

function rank (file) {
  const at = LONGEST.indexOf(file)
  return at < 0 ? LONGEST.length : at
}

/** A line of TAP that tells of no failure. */
const PASSED = /^\s*(?:ok |# Subtest|\d+\.\.\d+|TAP version|$)/

/** Resolves with the outcome of one file. */
function run (file, isAlone) {
  const begun = performance.now()
  const child = spawn(process.execPath, [...ARGUMENTS, file], {
    cwd: ROOT,
    env: { ...process.env, TAP_TIMEOUT: String(LIMIT) },
    stdio: isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    timeout: (LIMIT + 60) * 1000,
    killSignal: 'SIGKILL'
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => { output += text })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ file, output, end: code ?? signal, seconds: (performance.now() - begun) / 1000 }))
  })
}

const { values: { quick }, positionals } = parseArgs({ options: { quick: { type: 'boolean', default: false } }, allowPositionals: true })
const paths = positionals.length > 0 ? positionals : quick ? QUICK : ['test']
const files = [...new Set(paths.flatMap(filesOf))].filter((file) => !quick || !LONGEST.includes(file)).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
const isAlone = files.length === 1
const count = files.length
const failed = []
const begun = performance.now()

async function work () {
  for (let next = files.shift(); next !== undefined; next = files.shift()) {
    const outcome = await run(next, isAlone)
    const passed = outcome.end === 0
    if (!passed) failed.push(outcome)
    console.log(`${passed ? 'ok' : 'not ok'} ${outcome.file} # ${outcome.seconds.toFixed(1)} s`)
  }
}

await Promise.all(Array.from({ length: JOBS }, work))
for (const { file, end, output } of failed) {
  console.log(`\n${file} ended with ${end}`)
  console.log(output.split('\n').filter((line) => !PASSED.test(line)).join('\n'))
}
console.log(`${count} files, ${failed.length} failed, in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
process.exitCode = failed.length === 0 && count > 0 ? 0 : 1
