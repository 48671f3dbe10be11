import { Reader, Writer } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'

/** The users who have come to a topic and who have left it, at one node. */
export interface Change {
  /** The id of the node. */
  readonly node: string
  /** The number of the change. The numbers of a node grow, and its topics share them. */
  readonly number: number
  /** The number of the change before it in this topic; 0 if the node had no users there. */
  readonly previous: number
  readonly joined: readonly string[]
  readonly left: readonly string[]
}

/** The users of one node in a topic, after its change of this number. */
export interface Roll {
  readonly topic: string
  readonly number: number
  readonly users: readonly string[]
}

/** The most bytes of an answer. The records of sessions use the same link, and wait behind it. One topic always has room. */
const MOST_BYTES = 1024 * 1024

/** The channel on which the nodes tell their changes in a topic. */
export function channelOf (node: ClusterNode, topic: string): string { return `p.${node.names.key('presence', topic)}` }

export function writeChange ({ node, number, previous, joined, left }: Change): Uint8Array {
  return writeTexts(writeTexts(new Writer().text(node).u48(number).u48(previous), joined), left).done()
}

/** @throws MalformedRecord */
export function readChange (data: Uint8Array): Change {
  const reader = new Reader(data)
  return { node: reader.text(), number: reader.u48(), previous: reader.u48(), joined: readTexts(reader), left: readTexts(reader) }
}

export function writeQuestion (topics: readonly string[]): Uint8Array { return writeTexts(new Writer(), topics).done() }

export function readQuestion (body: Uint8Array): string[] { return readTexts(new Reader(body)) }

/** Writes the rolls, until the answer has no more room. */
export function writeAnswer (rolls: Iterable<Roll>): Uint8Array {
  const writer = new Writer()
  for (const { topic, number, users } of rolls) {
    writeTexts(writer.text(topic).u48(number), users)
    if (writer.size > MOST_BYTES) break
  }
  return writer.done()
}

export function readAnswer (body: Uint8Array): Roll[] {
  const reader = new Reader(body)
  const rolls: Roll[] = []
  while (!reader.ended) rolls.push({ topic: reader.text(), number: reader.u48(), users: readTexts(reader) })
  return rolls
}

function writeTexts (writer: Writer, texts: readonly string[]): Writer {
  writer.u32(texts.length)
  for (const text of texts) writer.text(text)
  return writer
}

function readTexts (reader: Reader): string[] { return reader.list(() => reader.text()) }
