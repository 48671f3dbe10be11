import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'

/** Handles one frame. It throws a StompError for a rule that is broken, and a promise holds back the frames behind it. */
export type CommandHandler = (session: StompSession, frame: Frame<ClientCommand>) => void | Promise<void>
