import t, { type Test } from 'tap'
import { LISTENERS } from '../../support/neighbours/listeners.ts'
import type { Check, Moment, Neighbour } from '../../support/neighbours/neighbour.ts'
import { PLUGINS } from '../../support/neighbours/plugins.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { ONE_PAGE, wholeSession } from '../../support/whole-session.ts'

/** A server, with a neighbour that has joined at a moment. */
async function build (t: Test, { endpoint = {}, join }: Neighbour, moment: Moment): Promise<{ server: TestServer, check: Check }> {
  let check: Check | undefined
  const joinAt = (at: Moment): NonNullable<Parameters<typeof buildServer>[1]>['before'] => async (app) => {
    if (at === moment) check = await join(app, t)
  }
  const server = await buildServer(t, { plugin: ONE_PAGE, endpoint, before: joinAt('before us')!, after: joinAt('after us')! })
  check ??= await join(server.app, t)
  return { server, check }
}

for (const [name, neighbour] of Object.entries({ ...PLUGINS, ...LISTENERS })) {
  for (const moment of neighbour.moments ?? ['before us', 'after us'] as const) {
    t.test(`${name}, ${moment}`, async (t) => {
      const { server, check } = await build(t, neighbour, moment)
      await wholeSession(t, server, await check(t, server, moment) ?? {})
    })
  }
}
