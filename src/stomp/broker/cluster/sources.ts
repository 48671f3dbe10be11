import { MalformedRecord } from '../../../cluster/bytes.ts'
import { Heard } from '../../../cluster/heard.ts'
import type { ClusterNode } from '../../../cluster/node.ts'
import type { Publication } from '../publication.ts'
import { publicationOf, type MessageRecord, readRecord } from './record.ts'
import { RecentIds } from './recent-ids.ts'

/** The receiver of the messages of a source, and of the word that some are missing. */
export interface SourceListener {
  deliver (publication: Publication): void
  lost (reason: string): void
}

/** A part of the engine from which messages of topics come. */
export interface Source {
  /** Begins to listen. Resolves with the function that ends it, when every later message arrives. */
  start (listener: SourceListener): Promise<() => void>
}

/** Reads a message. A stranger may publish anything, which counts for nothing. */
export function readMessage (node: ClusterNode, data: Uint8Array): MessageRecord | null {
  try {
    return readRecord(data)
  } catch (error) {
    if (!(error instanceof MalformedRecord)) throw error
    node.dropped('malformed', 'message')
    return null
  }
}

/** The channel of the topics of one name, or of one pattern. */
export class ChannelSource implements Source {
  readonly #node: ClusterNode
  readonly #channel: string

  constructor (node: ClusterNode, channel: string) {
    this.#node = node
    this.#channel = channel
  }

  async start (listener: SourceListener): Promise<() => void> {
    const node = this.#node
    const heard = new Heard((id) => id === node.id || node.members.has(id))
    const ids = new RecentIds()
    const leave = node.onGap((reason) => listener.lost(reason))
    const end = await node.channels.subscribe(this.#channel, (data) => {
      const message = readMessage(node, data)
      if (message === null || heard.note(message.node, message.number) === null) return
      if (message.ownId === '' || ids.add(message.ownId)) listener.deliver(publicationOf(message))
    })
    return () => {
      leave()
      end()
    }
  }
}
