/** Mutations of WebSocket frames as such. */
import { closeStatus, opcodes } from '../../client/frames.ts'
import type { Frame } from '../../client/frames.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Mutation } from '../types.ts'

export function closing (code: number, reason: string): Frame {
  return { final: true, reserved: 0, opcode: opcodes.close, masked: false, payload: Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]) }
}

export function text (payload: string, masked = false): Frame {
  return { final: true, reserved: 0, opcode: opcodes.text, masked, payload: Buffer.from(payload) }
}

/** Other codes and reasons in the server's close frames. */
export function closes (change: (status: { code: number, reason: string }, exchange: Exchange) => { code: number, reason: string }): Mutation {
  return (exchange) => ({
    frame (frame) {
      if (frame.opcode !== opcodes.close) return [frame]
      const { code, reason } = change(closeStatus(frame), exchange)
      return [closing(code, reason)]
    }
  })
}

/** What becomes of frames of one kind from the server; undefined means that they are lost. */
export function fromServer (opcode: number, change: (frame: Frame, exchange: Exchange) => Frame | undefined): Mutation {
  return (exchange) => ({ frame: (frame) => frame.opcode === opcode ? [change(frame, exchange) ?? []].flat() : [frame] })
}

export function fromClient (opcode: number, change: (frame: Frame, exchange: Exchange) => Frame | undefined): Mutation {
  return (exchange) => ({ clientFrame: (frame) => frame.opcode === opcode ? [change(frame, exchange) ?? []].flat() : [frame] })
}
