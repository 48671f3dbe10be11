import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TYPESCRIPT } from './support/typescript.ts'

const GUARD = new URL('support/fail-on-warning.ts', import.meta.url)

/** Runs a program under the guard, as `.taprc` does it. */
function run (program: string): { status: number | null, stderr: string } {
  return spawnSync(process.execPath, [TYPESCRIPT, `--import=${GUARD.href}`, '--input-type=module', '--eval', program],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)) })
}

t.test('K1: a process warning fails a test file, with its text', async (t) => {
  t.match(run(''), { status: 0, stderr: '' })
  t.match(run('process.emitWarning("eleven listeners", "MaxListenersExceededWarning"); setImmediate(() => { process.exitCode = 0 })'),
    { status: 1, stderr: /gave 1 warnings[^]*MaxListenersExceededWarning: eleven listeners/ })
})
