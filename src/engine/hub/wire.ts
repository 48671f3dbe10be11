/** The version of the protocol between a node and the hub. The layout of `hello`, `welcome` and `refused` never changes, so that every version reads it. */
export const VERSION = 3

/** The bytes that one publication may have. */
export const MAX_PAYLOAD = 4 * 1024 * 1024

/** The bytes that a frame may have after its length: the largest message with the longest names. */
export const MAX_FRAME = MAX_PAYLOAD + 132 * 1024

/** The characters of the id of a node. */
export const NODE_ID = 16

/**
 * The operations. A frame is a length of 4 bytes, the operation in 1 byte, and the fields of the operation.
 *
 * The length counts the operation and the fields. Numbers are big-endian. The last field takes the rest of the frame.
 */
export const OP = {
  /** Node to hub: version (1), 1 if the node was connected before (1), id of the node (16), namespace. */
  hello: 1,
  /** Hub to node: version (1). */
  welcome: 2,
  /** Hub to node: version (1), the reason as text. */
  refused: 3,
  /** Node to hub: the name or the pattern. */
  subscribe: 4,
  /** Node to hub: the name or the pattern. */
  unsubscribe: 5,
  /** Node to hub, and hub to node as it came: bytes of the name (2), the name, the data. */
  publish: 6,
  /** Node to hub: number of the request (4). */
  ping: 7,
  /** Node to hub: number of the request (4), the key. */
  claim: 8,
  /** Node to hub: the same fields, for a key that the node has claimed at a hub before. */
  reclaim: 9,
  /** Node to hub: number of the request (4), the key. */
  locate: 10,
  /** Node to hub: the key. */
  release: 11,
  /** Hub to node: number of the request (4), the node that has the key. It is empty if the caller may have the key, or if no node has it. */
  answer: 12,

  // Logs and queues. Numbers have 8 bytes, as a double, and names a length of 2 bytes before them. The fields stand in the order in which they are named here.

  /** Node to hub: messages, bytes, time; the name of the group. */
  group: 13,
  /** Node to hub: request; the name of the log with its group, the id; the message. The answer is `place`. */
  append: 14,
  /** Node to hub: the pattern with the group. */
  follow: 15,
  /** Node to hub: the pattern with the group. */
  unfollow: 16,
  /** Node to hub: request, offset; the name of the log. The answer is `page`. */
  since: 17,
  /** Node to hub: request; the name of the log. The answer is `place`. */
  position: 18,
  /** Node to hub: messages, bytes, bytes of all queues. */
  bound: 19,
  /** Node to hub: request; the queue, the id; the message. The answer is `answer`, without text, or `failed`. */
  push: 20,
  /** Node to hub: number of the consumer, credit; the queue. */
  consume: 21,
  /** Node to hub: number of the consumer, credit more. */
  credit: 22,
  /** Node to hub: request, number of the consumer, tag. The answer is `answer`, without text. */
  ack: 23,
  /** Node to hub: number of the consumer, tag. */
  nack: 24,
  /** Node to hub: number of the consumer. */
  close: 25,
  /** Hub to node, behind `welcome`: the epoch of all logs. */
  epoch: 26,
  /** Hub to node: request, offset. */
  place: 27,
  /** Hub to node: request, 0 if a message may be missing, 1 for the last page, 2 if more follow; the messages (`pages.ts`). */
  page: 28,
  /** Hub to node: offset, previous offset; the name of the log with its group; the message. */
  entry: 29,
  /** Hub to node: number of the consumer, tag, deliveries; the message. */
  taken: 30,
  /** Hub to node: request; the reason for which the queue takes no message. */
  failed: 31,
  /** Node to hub: request, most messages; the queue. The answer is `shown`. */
  view: 32,
  /** Hub to node: request, messages, bytes; the first messages (`pages.ts`). */
  shown: 33,
  /** Node to hub: request; the name of the log. The answer is `page`, with the last message or with none. */
  last: 34
} as const

/** The bytes that the fields of an operation have at least. */
export const SHORTEST: Readonly<Partial<Record<number, number>>> = {
  [OP.hello]: 2 + NODE_ID,
  [OP.welcome]: 1,
  [OP.refused]: 1,
  [OP.subscribe]: 1,
  [OP.unsubscribe]: 1,
  [OP.publish]: 3,
  [OP.ping]: 4,
  [OP.claim]: 5,
  [OP.reclaim]: 5,
  [OP.locate]: 5,
  [OP.release]: 1,
  [OP.answer]: 4
}

/** The fields of the first frame of a node. */
export interface Hello {
  readonly version: number
  /** True if the node was connected to a hub before, and may bring claims. */
  readonly returning: boolean
  readonly node: string
  readonly namespace: string
}

export function writeHello ({ version, returning, node, namespace }: Hello): Buffer {
  return Buffer.concat([Buffer.of(version, returning ? 1 : 0), Buffer.from(node + namespace, 'latin1')])
}

/** Reads the first frame of a node. `null` if it is too short. */
export function readHello (bytes: Buffer, start: number, end: number): Hello | null {
  const text = start + 2
  if (end < text + NODE_ID) return null
  return {
    version: bytes[start]!,
    returning: bytes[start + 1] === 1,
    node: bytes.toString('latin1', text, text + NODE_ID),
    namespace: bytes.toString('latin1', text + NODE_ID, end)
  }
}
