// The contract of sessions over two nodes, as in `npm test`, with NATS between them.
import { startNats } from '../support/engines/servers.ts'

const server = await startNats()
process.env.TEST_NODES = '2'
process.env.TEST_ENGINE = `nats://127.0.0.1:${server.port}`

await import('../contract/messages.test.ts')
await import('../contract/flow.test.ts')
// The endings are left out: of several first polls at once, NATS lets one of the others wait until the session is open, so that it is a second poll.
