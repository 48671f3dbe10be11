import { defineContract } from 'fastify-sockjs/contract'

const params = { type: 'object', required: ['id'], properties: { id: { type: 'string', pattern: '^[0-9a-f]{32}$' } } }

/** The page makes the id of an answer. So it may ask again when it does not know whether the server has got the question. */
export const contract = defineContract({
  messages: {
    '/app/answers/:id': {
      summary: 'Asks a question. The same question with the same id changes nothing',
      params,
      body: { type: 'object', required: ['prompt'], properties: { prompt: { type: 'string', pattern: '\\S', maxLength: 200 } } }
    }
  },
  subscriptions: {
    '/app/answers/:id': {
      summary: 'The words of an answer, from the first one on, as they come',
      params,
      answer: {
        type: 'object',
        required: ['at'],
        properties: {
          at: { type: 'integer', description: 'The place of the word, from 0 on.' },
          word: { type: 'string', description: 'Absent behind the last word.' }
        }
      }
    }
  }
})
