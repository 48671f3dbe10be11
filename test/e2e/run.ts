/**
 * `npm run test:e2e [-- name…]`: installs what is missing where it can, and runs every suite of this folder (`*.e2e.ts`), or those
 * whose names begin with one of the words given. The suites of engines take as long as all others together, and those of Kafka
 * and of Spring need Maven. They run when they are named: `npm run test:e2e -- engines kafka spring`. With `E2E=required` nothing may be left out; with `E2E_WRITE=1` the tables of
 * docs/compatibility.md are written, otherwise compared.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { howToInstall, installTools } from './install.ts'
import { runnable } from './tools.ts'

/** Nothing may be left out. */
const REQUIRED = process.env['E2E'] === 'required'

const HERE = fileURLToPath(new URL('.', import.meta.url))

const say = (words: string): void => { process.stderr.write(`test:e2e: ${words}\n`) }

const names = process.argv.slice(2)
const suites = readdirSync(HERE)
  .filter((file) => file.endsWith('.e2e.ts') && (names.length === 0 ? !/^(?:engines-|kafka-|spring\.)/.test(file) : names.some((name) => file.startsWith(name))))
if (names.length === 0) say('the suites of engines, of Kafka and of Spring are not among these: npm run test:e2e -- engines kafka spring')
if (suites.length === 0) {
  say(`no suite is called ${names.join(' or ')}`)
  process.exit(1)
}

const missing = installTools(suites, say)
if (missing.length > 0) say(howToInstall(missing))
const able = runnable(suites, missing)
const leftOut = suites.filter((suite) => !able.includes(suite))

/** The suites of engines wait more than they work, so that two run at a time. Browsers and brokers want both cores for themselves. */
const isPatient = (suite: string): boolean => suite.startsWith('engines-')

/** Runs suites, so many at a time, and returns the exit status. */
function runSuites (files: readonly string[], jobs: number): number {
  if (files.length === 0) return 0
  const { status } = spawnSync('tap', ['--disable-coverage', `--jobs=${jobs}`, '--timeout=600', ...files.map((file) => HERE + file)], { stdio: 'inherit' })
  return status ?? 1
}

const status = Math.max(runSuites(able.filter(isPatient), 2), runSuites(able.filter((suite) => !isPatient(suite)), 1))
if (leftOut.length > 0) say(`NOT RUN, for want of ${missing.join(', ')}: ${leftOut.join(', ')}`)
process.exitCode = leftOut.length > 0 && REQUIRED ? 1 : status
