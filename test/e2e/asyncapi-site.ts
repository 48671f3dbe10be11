import Fastify, { type FastifyInstance } from 'fastify'
import sockjs from '../../src/index.ts'
import stomp, { memoryBroker, StompError } from '../../src/stomp.ts'

const TEXT = { type: 'string', minLength: 1, maxLength: 500, description: 'The words of the message.' }

/** A schema that refers to itself, with all that the tree of the page shows. */
const TREE = {
  $id: 'node',
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', pattern: '^[a-z]+$' },
    weight: { type: 'number', exclusiveMinimum: 0, default: 1 },
    kind: { enum: ['leaf', 'branch', null] },
    when: { type: 'string', format: 'date-time' },
    payload: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'integer' }, maxItems: 3 }] },
    children: { type: 'array', items: { $ref: '#' } }
  }
}

/** Markup in each text that the page shows. No part of it may become an element. */
export const HOSTILE = '<img src=x onerror=alert(1)>'

/** A server whose page of AsyncAPI the suite opens. */
export async function buildSite (options: { requireLogin?: boolean, isFriendly?: boolean } = {}): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance
  await app.register(sockjs)
  await app.register(stomp, {
    path: '/stomp',
    broker: memoryBroker(),
    asyncapi: {
      path: '/docs/asyncapi',
      info: { title: 'Stock exchange', version: '2.1.0', description: 'Prices, orders and a chat.\nEverything that moves, as it moves.' },
      ...options.requireLogin === true ? { security: ['login'], authentication: 'required' } : {}
    }
  })
  app.stomp.addHook('onConnect', ({ login, passcode }, session) => {
    if (options.requireLogin !== true) return
    if (login !== 'ada' || passcode !== 'secret') throw new StompError('STOMP_AUTHENTICATION_FAILED')
    session.user = { name: login }
  })
  app.addSchema(TREE)
  const room = { type: 'object', properties: { room: { type: 'string', enum: ['lobby', 'kitchen'], description: 'The name of the room.' } } }
  app.stomp.message<{ Body: { text: string }, Params: { room: string } }>('/rooms/:room', {
    summary: 'Says something in a room',
    description: 'All people in the room hear it, the sender too.',
    tags: ['chat'],
    examples: [{ text: 'Good morning' }, { text: 'Good night' }],
    schema: { params: room, body: { type: 'object', required: ['text'], properties: { text: TEXT } } },
    sendTo: '/topic/rooms/:room'
  }, ({ body, params }) => ({ room: params.room, text: body.text }))
  app.stomp.subscribe('/rooms', { summary: 'The names of the rooms', tags: ['chat'], examples: [['lobby', 'kitchen']] }, () => ['lobby', 'kitchen'])
  app.stomp.message<{ Body: number[] }>('/add', { summary: 'Adds two numbers', examples: [[1, 2]], schema: { body: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 } } }, ({ body: [a, b] }) => a! + b!)
  app.stomp.message('/whoami', { summary: 'Tells who the sender is', tags: ['account'], sendToSender: '/queue/whoami' }, ({ user }) => ({ user: user?.name ?? null }))
  app.stomp.message('/trees', { summary: 'Plants a tree', tags: ['garden'], schema: { body: { $ref: 'node#' } }, sendTo: '/topic/trees' }, ({ body }) => body)
  if (options.isFriendly === true) return app
  app.stomp.message('/hostile', { summary: HOSTILE, description: HOSTILE, tags: [HOSTILE], examples: [HOSTILE], sendToSender: '/queue/hostile' }, () => ({ text: HOSTILE }))
  return app
}
