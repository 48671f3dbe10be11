import type { Frame } from '../../client/frames.ts'
import type { Headers } from './headers.ts'

/** The head of a response on its way to the client. */
export interface Answer {
  version: string
  status: number
  reason: string
  headers: Headers
  /** Another body than the server's. */
  body?: string
}

/** What becomes of an exchange after its request's head. Whatever is left out stays as it is. */
export interface Hooks {
  /** The body of the request, and the pieces in which it came; it waits here until it is complete. */
  upload?: (body: Buffer, pieces: readonly Buffer[]) => Buffer
  /** Changes the head of the response in place. */
  head?: (answer: Answer) => void
  /** A chunk of the response, or its whole body where that has a length. */
  piece?: (piece: Buffer) => readonly Buffer[]
  /** What is sent before the response ends. */
  last?: () => readonly Buffer[]
  /** The end of the response is kept from the client, or the connection ends with it or in the middle of it. */
  ending?: 'stay' | 'close' | 'cut'
  /** A WebSocket frame from the server. */
  frame?: (frame: Frame) => readonly Frame[]
  /** A WebSocket frame from the client. */
  clientFrame?: (frame: Frame) => readonly Frame[]
  /** Bytes of an old draft from the server, and from the client. */
  draft?: (bytes: Buffer) => readonly Buffer[]
  clientDraft?: (bytes: Buffer) => readonly Buffer[]
  /** Milliseconds until the server learns that the client has gone: how, as FIN or RST, is told. */
  gone?: (how: 'fin' | 'rst') => number
}

/** An answer in the server's place. */
export interface Reply {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string
  /** The connection ends with it. */
  close?: boolean
}
