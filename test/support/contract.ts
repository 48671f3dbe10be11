import t, { type Test } from 'tap'
import { type TransportName, TRANSPORTS } from './client.ts'

/** Runs a test over every transport: what a session promises, it promises whatever carries it. */
export function contract (name: string, test: (t: Test, transport: TransportName) => Promise<void>,
  transports: readonly TransportName[] = TRANSPORTS): void {
  t.test(name, async (t) => {
    for (const transport of transports) await t.test(transport, (t) => test(t, transport))
  })
}
