import type { Engine, EngineContext, EngineFacts } from '../engine.ts'
import { HubChannels } from './channels.ts'
import { HubClaims } from './claims.ts'
import { HubConnection } from './connection.ts'
import { HubLogs } from './logs.ts'
import { HubQueues } from './queues.ts'
import { MAX_PAYLOAD } from './wire.ts'

/** The engine of one node of a hub. */
export class HubEngine implements Engine {
  readonly facts: EngineFacts
  readonly channels: HubChannels
  readonly claims: HubClaims
  readonly logs: HubLogs
  readonly queues: HubQueues
  readonly #connection: HubConnection

  constructor (path: string, namespace: string) {
    // Only the user who runs the hub reaches its socket: no secret and no signature is needed.
    this.facts = {
      name: 'hub',
      maxPayload: MAX_PAYLOAD,
      namespace,
      secret: '',
      // The hub waits for the keys of a node whose line has closed.
      keysLast: 'lease',
      sign: false,
      totalOrder: true,
      queues: { inOrder: true, passesOn: true, acksLast: true, boundedTogether: true, lease: 0 },
      durable: false
    }
    this.#connection = new HubConnection(path, namespace)
    this.channels = new HubChannels(this.#connection)
    this.claims = new HubClaims(this.#connection)
    this.logs = new HubLogs(this.#connection)
    this.queues = new HubQueues(this.#connection)
  }

  async start (context: EngineContext): Promise<void> {
    await this.#connection.start(context, this)
  }

  async stop (): Promise<void> {
    await this.#connection.stop()
  }
}
