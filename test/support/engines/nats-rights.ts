import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type EngineServer, startNats } from './servers.ts'

/** The configuration of the example. */
export const LEAST_RIGHTS = await readFile(new URL('../../../examples/cluster/nats/least-rights.conf', import.meta.url), 'utf8')

export const PASSWORD = 'secret-of-the-test'

/** The places of the right on the subjects of the namespace. */
const PLACES = { publish: /(publish: \[\s*)"sj\.shop\.>"/, subscribe: /(subscribe: )"sj\.shop\.>"/ }

/** Returns the example with other lines for the right on the subjects of the namespace. */
export function withRight (right: keyof typeof PLACES, lines: string): string {
  return LEAST_RIGHTS.replace(PLACES[right], right === 'publish' ? `$1${lines}` : `$1[${lines}]`)
}

/** Starts a server with a configuration of its own, in which `$FOLDER` stands for its folder. */
export async function serverWith (t: Test, configuration: string): Promise<EngineServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nats-'))
  const path = join(folder, 'nats.conf')
  await writeFile(path, configuration.replace('$SOCKJS_PASSWORD', PASSWORD).replace('$FOLDER', folder))
  const server = await startNats(['--config', path])
  t.teardown(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  return server
}
