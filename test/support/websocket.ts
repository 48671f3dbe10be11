import { WebSocket } from 'ws'
import { within } from './wait.ts'

export interface Talk {
  readonly protocols?: string[]
  /** The text that the client sends once the WebSocket is open; nothing unless given. */
  readonly say?: string
}

/** Opens a WebSocket that is none of ours, and gives the first text that comes, with the subprotocol. */
export async function talk (port: number, path: string, { protocols = [], say }: Talk = {}): Promise<{ answer: string, protocol: string }> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols)
  const answer = await within(new Promise<string>((resolve, reject) => {
    ws.on('open', () => { if (say !== undefined) ws.send(say) })
    ws.on('message', (data) => resolve((data as Buffer).toString()))
    ws.on('error', reject)
    ws.on('close', (code) => reject(new Error(`closed with ${code}`)))
  }), `an answer of ${path}`)
  ws.removeAllListeners()
  ws.terminate()
  return { answer, protocol: ws.protocol }
}
