import type { Check } from '../check.ts'
import { identity } from './identity.ts'
import { idle } from './idle.ts'
import { info } from './info.ts'
import { picks } from './picks.ts'
import { polling } from './polling.ts'
import { reach } from './reach.ts'
import { stickiness } from './stickiness.ts'
import { stomp } from './stomp.ts'
import { streams } from './streams.ts'
import { websocket } from './websocket.ts'

/** The checks in their order: those of one stage run at the same time, and each stage reads what the ones before found out. */
export const stages: readonly (readonly Check[])[] = [
  [reach],
  [info],
  [identity],
  [websocket, streams, polling, stickiness, idle, stomp],
  [picks]
]

export const checks: readonly Check[] = stages.flat()
