import { sockjs } from './sockjs/index.ts'
import { stomp } from './stomp/index.ts'
import type { Fault } from './types.ts'

/** Suites of cases whose score is taken, with the faults for each. */
export const faultSuites: readonly { suite: string, title: string, faults: readonly Fault[] }[] = [
  { suite: 'sockjs', title: 'SockJS', faults: sockjs },
  { suite: 'stomp', title: 'STOMP', faults: stomp }
]

export const faults: readonly Fault[] = faultSuites.flatMap((one) => one.faults)

const twice = faults.find((fault, index) => faults.findIndex(({ id }) => id === fault.id) !== index)
if (twice !== undefined) throw new Error(`two faults are named ${twice.id}`)
