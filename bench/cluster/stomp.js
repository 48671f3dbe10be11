import { Deployment } from './deployment.js'

/** The name of the row that is compared with the engines. */
export const RELAY = 'the relay to RabbitMQ'

/** Names of rows: the embedded broker has no engine, and RabbitMQ is none. */
const NAMES = { undefined: 'the embedded broker', rabbitmq: RELAY }
const nameOf = (engine) => NAMES[engine] ?? engine

const start = (engine, nodes) => Deployment.start({ server: 'stomp-node', engine, nodes: engine === undefined ? 1 : nodes })

/** What a message costs that no client of any node wants: where it is published, and at the other node. */
export async function measureUnwanted (engine) {
  const nodes = await start(engine, 2)
  try {
    await nodes.ask('publish')
    const before = await nodes.work()
    const rate = await nodes.ask('publish')
    const after = await nodes.work()
    const each = (part) => (after[part] - before[part]) / after.messages
    return { name: nameOf(engine), 'us at the publisher': each('owner'), 'us at the other node': each('edge'), 'us at the engine': each('engine'), 'per second': rate }
  } finally {
    await nodes.stop()
  }
}

/** How quickly messages go into a queue, and out of it with an acknowledgement for each. */
export async function measureQueue (engine) {
  const nodes = await start(engine, 1)
  try {
    const pushed = await nodes.ask('push')
    return { name: nameOf(engine), 'pushed per second': pushed, 'consumed per second': await nodes.ask('consume') }
  } finally {
    await nodes.stop()
  }
}
