/** The version of the protocol between a node and the hub. The layout of `hello`, `welcome` and `refused` never changes, so that every version reads it. */
export const VERSION = 1

/** The bytes that one publication may have. */
export const MAX_PAYLOAD = 4 * 1024 * 1024

/** The bytes that a frame may have after its length: a publication with the longest name of a channel. */
export const MAX_FRAME = MAX_PAYLOAD + 64 * 1024 + 2

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
  answer: 12
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
