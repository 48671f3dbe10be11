/** The schema of a message of a chat. */
export const SAID = {
  type: 'object',
  required: ['sender', 'content'],
  additionalProperties: false,
  properties: { sender: { type: 'string', maxLength: 100 }, content: { type: 'string', maxLength: 1000 } }
}

/** A message that fits it. */
export const SAYING = JSON.stringify({ sender: 'kim', content: 'x'.repeat(32) })
