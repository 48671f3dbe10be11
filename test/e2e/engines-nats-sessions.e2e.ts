// The contract of sessions over two nodes, as in `npm test`, with NATS between them.
import t from 'tap'
import { startNats } from '../support/engines/servers.ts'

const server = await startNats()
// A server that runs would keep the process from its end.
t.teardown(() => server.close())
process.env.TEST_NODES = '2'
process.env.TEST_ENGINE = `nats://127.0.0.1:${server.port}`

await import('../contract/messages.test.ts')
await import('../contract/flow.test.ts')
await import('../contract/endings.test.ts')
// The openings are left out: of several first polls at once, NATS lets one of the others wait until the session is open, so that it is a second poll.
