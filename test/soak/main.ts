// `npm run test:soak`: the cases that need minutes, in their full size, one file after the other. Ends by itself, and prints what was survived.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TYPESCRIPT } from '../support/typescript.ts'

/** Files that have a size for `npm test` and one for here, and the minutes that each may take: thirty-three at most. */
const SOAKS: readonly (readonly [file: string, minutes: number])[] = [
  ['security/process-killers', 1.5],
  ['security/slow-peers', 1],
  ['security/memory', 3.5],
  ['security/processor', 2.5],
  ['security/stomp', 1.25],
  ['security/http', 0.5],
  ['security/websocket-fuzz', 3],
  ['delivery/delivery', 3],
  ['delivery/resumed', 7],
  ['delivery/history', 2],
  ['sockjs/session/model', 0.5],
  ['sockjs/session/resumption-model', 1],
  ['sockjs/remote/model', 5],
  ['stomp/session/random', 0.5]
]

interface Outcome {
  readonly file: string
  readonly passed: boolean
  readonly seconds: number
  readonly survived: readonly string[]
}

function run (file: string, minutes: number): Promise<Outcome> {
  const begun = performance.now()
  const path = fileURLToPath(new URL(`../${file}.test.ts`, import.meta.url))
  const child = spawn(process.execPath, [TYPESCRIPT, path], { env: { ...process.env, SOAK: '1', TAP_TIMEOUT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => { output += chunk })
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk })
  const late = setTimeout(() => {
    output += `\nnot ok: not through after ${minutes} minutes\n`
    child.kill('SIGKILL')
  }, minutes * 60_000)
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(late)
      const survived = [...errors.matchAll(/^survived: (.*)$/gm)].map((match) => match[1]!)
      if (code !== 0) process.stdout.write(output.split('\n').filter((line) => !/^\s*ok /.test(line)).join('\n') + errors)
      resolve({ file, passed: code === 0, seconds: (performance.now() - begun) / 1000, survived })
    })
  })
}

let failed = false
for (const [file, minutes] of SOAKS) {
  const { passed, seconds, survived } = await run(file, minutes)
  failed ||= !passed
  process.stdout.write(`${passed ? 'passed' : 'FAILED'} ${file} in ${seconds.toFixed(0)} s\n${survived.map((what) => `  survived ${what}\n`).join('')}`)
}
process.exitCode = failed ? 1 : 0
