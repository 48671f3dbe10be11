import { clientError, StompClientError } from './errors.ts'
import type { Frame, GivenHeaders, Headers } from './frame.ts'
import { encodeFrame, readFrame } from './frames.ts'
import { type HeartBeats, heartBeats } from './heart-beats.ts'

/** The session below, as far as a connection uses it. */
export interface Socket {
  readonly url: string
  send (text: string): void
  close (code: number, reason: string): void
  /** Leaves a connection that is dead, and goes on over another one. Returns false if the session cannot. */
  renew?: () => boolean
}

/** The settings of a connection. */
export interface ConnectionSettings {
  readonly heartBeat?: readonly [outgoing: number, incoming: number]
  readonly connectTimeout?: number
  readonly receipt?: boolean
}

/** One session of STOMP over one session below. */
export interface Connection {
  readonly state: 'connecting' | 'connected' | 'ended'
  /** The error that has ended the connection. */
  readonly error: StompClientError | null
  /** True if the server refused CONNECT. */
  readonly refused: boolean
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
  /** Stops the heart-beats, while the session below has no connection. */
  suspend (): void
  /** Starts the heart-beats again. */
  resume (): void
  /** Ends the session below, because of an error. */
  giveUp (error: StompClientError): void
  /** Learns that the session below has ended. The frames without a RECEIPT may have been processed or not. */
  end (): void
}

/** The close code of a session that the client gives up. */
const GIVEN_UP = 3000

/** The longest delay of a timer. */
const LONGEST = 2 ** 31 - 1

/** The most characters of a frame that has not come to its end. */
const LIMIT = 2 ** 24

/** Begins a session of STOMP. The client sends CONNECT, and gets the headers of CONNECTED, and each MESSAGE. */
export function openConnection (
  socket: Socket, { heartBeat = [10_000, 10_000], connectTimeout = 10_000, receipt: hasReceipts = true }: ConnectionSettings,
  onConnected: (headers: Headers) => void, onMessage: (frame: Frame) => void
): Connection {
  /** The frames that wait for their RECEIPT, and the questions that wait for their answer. */
  const waiters = new Map<string | undefined, (error: unknown, value?: unknown) => void>()
  const timer = setTimeout(() => giveUp(clientError('SILENT', 'no CONNECTED')), connectTimeout)
  let beats: HeartBeats | undefined
  let startBeats = (): void => {}
  let count = 0
  /** The text behind the last whole frame. */
  let rest = ''
  const connection = {
    state: 'connecting' as Connection['state'],
    error: null as StompClientError | null,
    refused: false,
    id: () => `${++count}`,
    connect (headers: GivenHeaders) {
      const [, host] = /\/\/(\[.+?]|[^/:?]+)/.exec(socket.url)!
      send('CONNECT', { 'accept-version': '1.2', host, 'heart-beat': heartBeat, ...headers })
    },
    send,
    confirmed (command: string, headers: GivenHeaders, body?: string) {
      const receipt = connection.id()
      const waiting = connection.wait<Headers>(receipt)
      send(command, { ...headers, receipt }, body)
      if (!hasReceipts) settle(receipt, null, {})
      return waiting
    },
    wait: <T>(id: string) => new Promise<T>((resolve, reject) => {
      waiters.set(id, (error, value) => error ? reject(error) : resolve(value as T))
      if (connection.state === 'ended') end()
    }),
    settle,
    take (text: string) {
      beats?.heard()
      rest += text
      try {
        // A frame may end the connection.
        while (connection.state !== 'ended') {
          // The ends of lines between frames are heart-beats.
          rest = rest.replace(/^[\r\n]+/, '')
          const [frame, length] = readFrame(rest) ?? []
          if (!frame) break
          rest = rest.slice(length)
          takeFrame(frame)
        }
        if (rest.length > LIMIT) throw clientError('BAD_FRAME', 'too long')
      } catch (error) {
        giveUp(error as StompClientError)
      }
    },
    suspend,
    resume: () => startBeats(),
    giveUp,
    end
  }

  function write (text: string): void {
    beats?.sent()
    socket.send(text)
  }

  function send (command: string, headers: GivenHeaders, body?: string): boolean {
    const isOpen = connection.state !== 'ended'
    if (isOpen) write(encodeFrame(command, headers, body))
    return isOpen
  }

  function settle (id: string | undefined, error: unknown, value?: unknown): boolean {
    waiters.get(id)?.(error, value)
    return waiters.delete(id)
  }

  function takeFrame (frame: Frame): void {
    const { command, headers, body } = frame
    const isConnected = connection.state === 'connected'
    if (command === 'ERROR') {
      // The server closes behind it. [STOMP 1.2, ERROR]
      const error = new StompClientError(headers['code'] ?? 'STOMP_ERROR', headers['message'] ?? body, { headers, body })
      connection.refused = !isConnected
      settle(headers['receipt-id'], error)
      giveUp(error)
    } else if (command === 'CONNECTED' && !isConnected) begin(headers)
    else if (command === 'MESSAGE' && isConnected) onMessage(frame)
    else if (command === 'RECEIPT' && isConnected) settle(headers['receipt-id'], null, headers)
    else throw clientError('BAD_FRAME', command)
  }

  /** Begins the session. [STOMP 1.2, Heart-beating] */
  function begin (headers: Headers): void {
    clearTimeout(timer)
    connection.state = 'connected'
    const theirs = (headers['heart-beat'] ?? '').split(',')
    const agreed = (own: number, other = 0): number => own && other && Math.min(LONGEST, Math.max(own, other))
    startBeats = () => {
      beats = heartBeats(agreed(heartBeat[0], +theirs[1]! || 0), agreed(heartBeat[1], +theirs[0]! || 0), () => write('\n'),
        () => { if (!socket.renew?.()) giveUp(clientError('SILENT', 'no heart-beat')) })
    }
    startBeats()
    onConnected(headers)
  }

  function giveUp (error: StompClientError): void {
    if (connection.state === 'ended') return
    connection.error = error
    end()
    socket.close(GIVEN_UP, error.message.slice(0, 123))
  }

  function suspend (): void {
    beats?.stop()
    beats = undefined
  }

  function end (): void {
    connection.state = 'ended'
    clearTimeout(timer)
    suspend()
    for (const id of waiters.keys()) settle(id, clientError('INTERRUPTED', 'may have been processed', { cause: connection.error }))
  }

  return connection
}
