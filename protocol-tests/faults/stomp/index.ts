import type { Fault } from '../types.ts'
import { carriers } from './carriers.ts'
import { connecting } from './connecting.ts'
import { frames } from './frames.ts'
import { messages } from './messages.ts'
import { refusals } from './refusals.ts'
import { sessions } from './sessions.ts'

export const stomp: readonly Fault[] = [...frames, ...connecting, ...messages, ...sessions, ...refusals, ...carriers]
