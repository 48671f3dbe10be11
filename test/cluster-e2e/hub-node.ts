// A demo server as a node of a hub that has a process of its own. FASTIFY_SOCKJS_HUB is the path of the hub, and PORT the port of the server.
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { announce } from '../../examples/demo/src/workers.ts'

const { PORT, NODE_NAME: nodeName, LOG_LEVEL: logLevel = 'warn' } = process.env
const app = await buildDemo({ engine: 'hub', nodeName, logLevel })
announce(await app.listen({ port: Number(PORT), host: '127.0.0.1' }))
