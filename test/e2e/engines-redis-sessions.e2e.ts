// The contract of sessions over two nodes, as in `npm test`, with Redis between them.
import t from 'tap'
import { startRedis } from '../support/engines/servers.ts'

const server = await startRedis()
// A server that runs would keep the process from its end.
t.teardown(() => server.close())
process.env.TEST_NODES = '2'
process.env.TEST_ENGINE = `redis://127.0.0.1:${server.port}`

await import('../contract/messages.test.ts')
await import('../contract/flow.test.ts')
await import('../contract/openings.test.ts')
await import('../contract/endings.test.ts')
