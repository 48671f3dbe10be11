import type { FrameHeaders, Version } from '../../../codec/index.ts'

/** A delivery for which the broker expects an acknowledgement. */
export class RelayHandle {
  /** The connection over which it came. */
  readonly owner: object
  /** The id of the subscription, as the broker knows it. */
  readonly subscription: string
  readonly ackId: string
  readonly messageId: string
  settled = false

  constructor (owner: object, subscription: string, headers: FrameHeaders) {
    this.owner = owner
    this.subscription = subscription
    this.messageId = headers.get('message-id') ?? ''
    this.ackId = headers.get('ack') ?? this.messageId
  }
}

/** Makes the headers that name a delivery in ACK and NACK. Each version of STOMP has its own (STOMP-A2, RELAY-2). */
export function headersOf ({ ackId, messageId, subscription }: RelayHandle, version: Version): (readonly [string, string])[] {
  switch (version) {
    case '1.2': return [['id', ackId]]
    case '1.1': return [['message-id', messageId], ['subscription', subscription]]
    default: return [['message-id', messageId]]
  }
}
