import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { servesEverything } from './probe.ts'
import { CLEAN_ENV } from './workshop.ts'

const PATIENCE = 60_000

/** Starts the server of a project by a command, tries every transport, and ends it. */
export async function startsAndServes (t: Test, folder: string, command: string, args: readonly string[]): Promise<void> {
  // `env` takes away what the runner of the tests has given to every Node that it starts: a module that the server may not read.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', command, ...args], { cwd: folder, env: CLEAN_ENV, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  t.teardown(() => { child.kill('SIGKILL') })
  let printed = ''
  const url = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE, null)
    const hear = (data: Buffer): void => {
      printed += String(data)
      const found = /^http:\S+/m.exec(printed)
      if (found !== null) resolve(found[0])
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', () => { clearTimeout(timer); resolve(null) })
    child.on('error', (error) => { printed += String(error); resolve(null) })
  })
  if (url === null) {
    t.fail('the server starts', { printed })
    return
  }
  await servesEverything(t, url)
  child.kill('SIGTERM')
  t.same(await exited, [0, null], 'the server ends when it is told to', { printed })
}
