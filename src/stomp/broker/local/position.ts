/** A place in the history of a topic, as clients name it in `x-recover`. */
export interface TopicPosition {
  readonly epoch: string
  readonly offset: number
}

/** Reads `<epoch>:<offset>`. Returns `null` for any other text. */
export function readPosition (text: string): TopicPosition | null {
  const [, epoch, digits] = /^([\w-]{1,64}):(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined ? null : { epoch, offset: Number(digits) }
}

export function writePosition ({ epoch, offset }: TopicPosition): string { return `${epoch}:${offset}` }
