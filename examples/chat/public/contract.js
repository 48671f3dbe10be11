import { defineContract } from 'fastify-sockjs/contract'

export const ROOMS = ['Lobby', 'Kitchen', 'Workshop']

const params = { type: 'object', required: ['room'], properties: { room: { type: 'string', enum: ROOMS } } }

const Message = {
  type: 'object',
  required: ['id', 'from', 'text', 'time'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    from: { type: 'string' },
    text: { type: 'string' },
    time: { type: 'integer', description: 'Milliseconds since 1970.' }
  }
}

/** All that the page and the server say to each other. Both import this file. */
export const contract = defineContract({
  messages: {
    '/app/rooms/:room': {
      summary: 'Says something in a room',
      examples: [{ text: 'hello' }],
      params,
      body: { type: 'object', required: ['text'], properties: { text: { type: 'string', pattern: '\\S', maxLength: 500 } } },
      sendTo: '/topic/rooms/:room'
    }
  },
  subscriptions: {
    '/app/rooms': { summary: 'The names of the rooms', answer: { type: 'array', items: { type: 'string' } } },
    '/app/rooms/:room': { summary: 'The earlier messages of a room', params, answer: { type: 'array', items: Message } }
  },
  destinations: {
    '/topic/rooms/:room': { summary: 'The new messages of a room', params, body: Message },
    '/topic/$presence/rooms/:room': {
      summary: 'The people in a room: a list first, and then each person who comes or leaves',
      params,
      body: {
        type: 'object',
        required: ['type'],
        properties: { type: { enum: ['list', 'join', 'leave'] }, users: { type: 'array', items: { type: 'string' } }, user: { type: 'string' } }
      }
    }
  }
})
