import { createRequire } from 'node:module'
import SockJS from 'sockjs-client'
import type { Frames, Line } from './lines.ts'

/** The time for which sockjs-client waits for a transport and for `/info`, in milliseconds. Its 8 s for `/info` are too short for a busy machine. */
const PATIENCE = 60_000

const InfoReceiver = createRequire(import.meta.url)('sockjs-client/lib/info-receiver') as { timeout: number }
InfoReceiver.timeout = PATIENCE

/** sockjs-client itself. */
export class LibraryLine implements Line {
  readonly #socket: InstanceType<typeof SockJS>

  constructor (frames: Frames, port: number, path: string, transport: string) {
    this.#socket = new SockJS(`http://127.0.0.1:${port}${path}`, null, { transports: [transport], timeout: PATIENCE } as SockJS.Options)
    this.#socket.onopen = () => frames.open()
    this.#socket.onmessage = ({ data }) => frames.message(data as string)
    this.#socket.onclose = ({ code, reason }) => frames.tell(code, reason, '')
  }

  send (text: string): void { this.#socket.send(text) }

  leave (): void {
    this.#socket.onclose = null
    this.#socket.close()
  }
}
