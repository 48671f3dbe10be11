import { createHash, randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { connect } from 'nats'
import type { ServerName } from './engines.ts'

/** A client of the messaging system that publishes on the nodes' channels. */
export interface Stranger {
  /** The publications that it has made. */
  readonly published: number
  leave (): Promise<unknown>
}

/** The time after which a publication is repeated, in milliseconds. */
const LATE = 300

interface Port {
  publish (channel: string, data: Uint8Array): void
  listen (take: (channel: string, data: Uint8Array) => void): Promise<unknown>
  close (): Promise<unknown>
}

async function onNats (port: number): Promise<Port> {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  return {
    publish: (channel, data) => connection.publish(channel, data),
    async listen (take) {
      connection.subscribe('>', { callback: (_error, { subject, data }) => { if (!subject.startsWith('_INBOX')) take(subject, data) } })
      await connection.flush()
    },
    close: () => connection.close()
  }
}

async function onRedis (port: number): Promise<Port> {
  const sender = new Redis(port, '127.0.0.1')
  const reader = sender.duplicate()
  return {
    publish: (channel, data) => { sender.publish(channel, Buffer.from(data)).catch(() => {}) },
    async listen (take) {
      reader.on('pmessageBuffer', (_pattern: Buffer, channel: Buffer, data: Buffer) => take(channel.toString(), data))
      await reader.psubscribe('*')
    },
    async close () { for (const client of [sender, reader]) client.disconnect() }
  }
}

const PORTS = { nats: onNats, redis: onRedis } as const

/** Repeats every publication later, and sends rubbish and torn copies on the same channels. */
export async function letStrangerIn (name: ServerName, port: number): Promise<Stranger> {
  const messages = await PORTS[name](port)
  const own = new Set<string>()
  const hash = (data: Uint8Array): string => createHash('sha1').update(data).digest('base64')
  let published = 0
  let gone = false
  const publish = (channel: string, data: Uint8Array): void => {
    if (gone) return
    own.add(hash(data))
    published++
    messages.publish(channel, data)
  }
  await messages.listen((channel, data) => {
    if (own.has(hash(data))) return
    const copy = Uint8Array.from(data)
    publish(channel, randomBytes(1 + Math.floor(Math.random() * 60)))
    publish(channel, copy.subarray(0, Math.floor(copy.length * Math.random())))
    setTimeout(() => publish(channel, copy), LATE)
  })
  return {
    get published () { return published },
    async leave () {
      gone = true
      await messages.close()
    }
  }
}
