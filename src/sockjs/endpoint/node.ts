import type { FastifyBaseLogger } from 'fastify'
import { Reader } from '../../cluster/bytes.ts'
import { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import type { Clock } from '../../core/clock.ts'
import type { Engine } from '../../engine/engine.ts'
import { engineState } from '../../telemetry/channels.ts'
import type { Endpoint } from './endpoint.ts'

/** Makes the node of a registration. */
export function nodeOf (engine: Engine, name: string | undefined, clock: Clock, log: FastifyBaseLogger): ClusterNode {
  const node = new ClusterNode({ engine, clock, log, ...(name === undefined ? {} : { name }) })
  node.onState((state, reason) => { if (engineState.hasSubscribers) engineState.publish({ node: node.name, engine: engine.facts.name, state, reason }) })
  return node
}

/** Answers the questions of other nodes about the sessions of this one. A node that does not have the endpoint has no sessions of it. */
export function serveQuestions (node: ClusterNode, endpoints: ReadonlyMap<string, Endpoint>): void {
  for (const question of [QUESTIONS.sessions, QUESTIONS.close]) {
    node.calls.serve(question, (body) => {
      const reader = new Reader(body)
      const name = reader.text()
      const ofUser = reader.u8() === 1
      const key = reader.text()
      for (const endpoint of endpoints.values()) if (endpoint.name === name) return endpoint.cluster.answer(question, ofUser ? key : null, reader)
      return NO_SESSIONS
    })
  }
}

/** The answer to every question of a node that has no sessions: no name, and none of them. */
const NO_SESSIONS = new Uint8Array(8)
