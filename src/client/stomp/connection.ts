import { clientError, StompClientError } from './errors.ts'
import type { Frame, GivenHeaders, Headers } from './frame.ts'
import { encodeFrame, frameReader } from './frames.ts'
import { type HeartBeats, heartBeats } from './heart-beats.ts'

/** The session below, as far as a connection uses it. */
export interface Socket {
  readonly url: string
  send (text: string): void
  close (code: number, reason: string): void
}

/** The settings of a connection. */
export interface ConnectionSettings {
  readonly heartBeat?: readonly [outgoing: number, incoming: number]
  readonly connectTimeout?: number
  readonly maxFrame?: number
}

/** The client, as its connection sees it. */
export interface ConnectionOwner {
  /** Takes the headers of CONNECTED. */
  connected (headers: Headers): void
  /** Takes a MESSAGE. */
  message (frame: Frame): void
}

/** One session of STOMP over one session below. */
export interface Connection {
  readonly state: 'connecting' | 'connected' | 'ended'
  /** The version of STOMP, empty before CONNECTED. */
  readonly version: string
  /** The error that has ended the connection. */
  readonly error: StompClientError | null
  /** Makes an id that no other frame of this connection has. */
  id (): string
  /** Sends CONNECT. */
  connect (headers: GivenHeaders): void
  /** Sends a frame. A connection that has ended sends nothing, and returns false. */
  send (command: string, headers: GivenHeaders, body?: string): boolean
  /** Sends a frame, and resolves with the headers of its RECEIPT. It rejects when the connection ends. */
  confirmed (command: string, headers: GivenHeaders, body?: string): Promise<Headers>
  /** Waits until an id is settled. It rejects when the connection ends. */
  wait<T> (id: string): Promise<T>
  /** Settles an id. Returns false if nothing waits for it. */
  settle (id: string | undefined, error: unknown, value?: unknown): boolean
  /** Takes a text of the server. */
  take (text: string): void
  /** Ends the session below, because of an error. */
  giveUp (error: StompClientError): void
  /** Learns that the session below has ended. The frames without a RECEIPT may have been processed or not. */
  end (): void
}

/** The close code of a session that the client gives up. */
const GIVEN_UP = 3000

/** The longest delay of a timer. */
const LONGEST = 2 ** 31 - 1

/** Begins a session of STOMP. The owner sends CONNECT. */
export function openConnection (socket: Socket, settings: ConnectionSettings, owner: ConnectionOwner): Connection {
  const { heartBeat = [10_000, 10_000], connectTimeout = 10_000, maxFrame = 2 ** 24 } = settings
  const reader = frameReader(maxFrame)
  /** The frames that wait for their RECEIPT, and the questions that wait for their answer. */
  const waiters = new Map<string | undefined, readonly [resolve: (value: never) => void, reject: (error: unknown) => void]>()
  const timer = setTimeout(() => giveUp(clientError('SILENT', 'no CONNECTED')), connectTimeout)
  let beats: HeartBeats | undefined
  let count = 0
  const connection = {
    state: 'connecting' as Connection['state'],
    error: null as StompClientError | null,
    get version () { return reader.version },
    id: () => `${++count}`,
    connect (headers: GivenHeaders) {
      const [, host] = /\/\/([^/?#]*?)(:\d+)?([/?#]|$)/.exec(socket.url)!
      send('CONNECT', { 'accept-version': '1.2,1.1,1.0', host, 'heart-beat': heartBeat, ...headers })
    },
    send,
    confirmed (command: string, headers: GivenHeaders, body?: string) {
      const receipt = connection.id()
      const waiting = connection.wait<Headers>(receipt)
      send(command, { ...headers, receipt }, body)
      return waiting
    },
    wait: <T>(id: string) => new Promise<T>((resolve, reject) => {
      waiters.set(id, [resolve, reject])
      if (connection.state === 'ended') end()
    }),
    settle,
    take (text: string) {
      beats?.heard()
      try {
        for (const frame of reader.read(text)) {
          // A frame may have ended the connection.
          if (connection.state === 'ended') return
          take(frame)
        }
      } catch (error) {
        giveUp(error as StompClientError)
      }
    },
    giveUp,
    end
  }

  function write (text: string): void {
    beats?.sent()
    socket.send(text)
  }

  function send (command: string, headers: GivenHeaders, body?: string): boolean {
    const isOpen = connection.state !== 'ended'
    if (isOpen) write(encodeFrame(reader.version, command, headers, body))
    return isOpen
  }

  function settle (id: string | undefined, error: unknown, value?: unknown): boolean {
    const [resolve, reject] = waiters.get(id) ?? []
    if (error) reject?.(error)
    else resolve?.(value as never)
    return waiters.delete(id)
  }

  function take (frame: Frame): void {
    const { command, headers, body } = frame
    if (command === 'ERROR') {
      // The server closes behind it. [STOMP 1.2, ERROR]
      const error = new StompClientError(headers['code'] ?? 'STOMP_ERROR', headers['message'] ?? body, { headers, body })
      settle(headers['receipt-id'], error)
      giveUp(error)
    } else if (command === 'CONNECTED' && !reader.version) begin(headers)
    else if (command === 'MESSAGE' && reader.version) owner.message(frame)
    else if (command === 'RECEIPT' && reader.version) settle(headers['receipt-id'], null, headers)
    else throw clientError('BAD_FRAME', command)
  }

  /** Begins the session. [STOMP 1.2, Heart-beating] */
  function begin (headers: Headers): void {
    clearTimeout(timer)
    reader.version = headers['version'] || '1.0'
    connection.state = 'connected'
    const theirs = (headers['heart-beat'] ?? '').split(',')
    const agreed = (own: number, other = 0): number => own && other && Math.min(LONGEST, Math.max(own, other))
    beats = heartBeats(agreed(heartBeat[0], +theirs[1]! || 0), agreed(heartBeat[1], +theirs[0]! || 0), () => write('\n'), () => giveUp(clientError('SILENT')))
    owner.connected(headers)
  }

  function giveUp (error: StompClientError): void {
    if (connection.state === 'ended') return
    connection.error = error
    end()
    socket.close(GIVEN_UP, error.message.slice(0, 123))
  }

  function end (): void {
    connection.state = 'ended'
    clearTimeout(timer)
    beats?.stop()
    beats = undefined
    for (const id of waiters.keys()) settle(id, clientError('INTERRUPTED', '', { cause: connection.error }))
  }

  return connection
}
