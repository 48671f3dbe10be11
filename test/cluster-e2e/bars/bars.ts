import type { Bar } from '../bar.ts'
import { flood, largeMessage, stranger, twoFirst } from './bad-input.ts'
import { conformance } from './conformance.ts'
import { engineAway, engineKilled, engineLate, engineStopped } from './engine-faults.ts'
import { example } from './example.ts'
import { nodeKilled, nodeStopped, nodeStoppedLong, primaryKilled, workerKilled } from './node-faults.ts'
import { clocksApart, lateInterest, otherSecret, sameName, trailingRace } from './odd-nodes.ts'
import { rollingRestarts } from './rolling.ts'
import { anyNode, control } from './routing.ts'
import { soak } from './soak.ts'
import { stompCrowd } from './stomp-crowd.ts'
import { stompPresence } from './stomp-presence.ts'
import { stompQueue } from './stomp-queue.ts'
import { stompTopic } from './stomp-topic.ts'
import { stompWaiting } from './stomp-waiting.ts'

/** All bars, in the order of the table. */
export const BARS: readonly Bar[] = [
  control, anyNode, conformance, example,
  engineKilled, engineStopped, engineAway, engineLate,
  nodeKilled, workerKilled, primaryKilled, nodeStopped, nodeStoppedLong,
  sameName, otherSecret, clocksApart, trailingRace, lateInterest,
  stranger, twoFirst, largeMessage, flood,
  ...rollingRestarts, stompQueue, stompTopic, stompPresence, stompWaiting, stompCrowd, soak
]
