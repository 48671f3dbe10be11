import t from 'tap'
import { connect, newClient, newId } from '../support/client.ts'
import { inspectedServer, openPage, type PageAnswer } from './support.ts'

/** A word that stands in every place where a secret can stand. */
const SECRET = 'S3CRETVALUE'

t.test('no answer holds a secret', async (t) => {
  const server = await inspectedServer(t, {
    plugin: {
      origins: '*',
      user: (request) => request.headers['x-user'] === undefined ? undefined : { name: 'kim', token: SECRET, password: SECRET },
      session: async () => ({ attributes: { token: SECRET, [SECRET]: SECRET } })
    },
    stomp: { presence: [{ pattern: '/topic/rooms/**' }] },
    inspector: { open: true, actions: true, bodies: true, sample: 1_000 }
  })
  const { app } = server
  app.stomp.addHook('onConnect', (_frame, session) => { session.user = { name: 'ada', token: SECRET } as never })
  app.stomp.message('/fail', () => { throw new Error(SECRET) })

  // SockJS: the id of the client, cookies, credentials, the query, headers.
  const headers = {
    'x-user': 'kim', cookie: `JSESSIONID=${SECRET}`, authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET, referer: `http://a.example/?token=${SECRET}`, 'x-forwarded-for': SECRET, via: SECRET
  }
  const id = `${SECRET}${newId()}`
  for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling'] as const) await newClient(server, transport, { id: `${id}${transport}`, headers }).open()
  await connect(server, 'websocket', { path: '/echo', id: SECRET, headers })
  // STOMP: CONNECT and every header of frames, a reply address, a dead letter.
  const client = await app.stomp.inject({ user: { name: 'x', token: SECRET }, headers: { login: SECRET, passcode: SECRET, authorization: SECRET, token: SECRET } })
  await client.subscribe('/topic/rooms/1', { secret: SECRET, selector: 'a = 1' })
  await client.subscribe('/user/queue/errors')
  await client.subscribe('/temp-queue/replies')
  await client.subscribe('/queue/x', { ack: 'client-individual' })
  await client.send('/queue/x', 'poison', { passcode: SECRET, 'reply-to': '/temp-queue/replies' })
  const message = await client.next('MESSAGE')
  client.frame('NACK', { id: message.headers.get('ack')!, receipt: 'n' })
  await client.next('RECEIPT')

  const page = await openPage(server, '/inspector', 'websocket', headers)
  const answers: PageAnswer[] = []
  const ask = async (command: object): Promise<PageAnswer> => {
    const answer = await page.ask(command)
    answers.push(answer)
    server.clock.advance(100)
    return answer
  }
  const everything = async (): Promise<void> => {
    await ask({ name: 'hello' })
    await ask({ name: 'numbers', node: '*' })
    for (const table of ['sessions', 'topics', 'queues', 'users', 'presence', 'letters']) {
      const rows = (await ask({ name: 'rows', node: '', table, from: 0, count: 100, sort: '', descending: false, filter: '' })).result.rows
      if (table === 'sessions') for (const { id: session } of rows) for (const command of [{ name: 'session' }, { name: 'watch', after: 0 }]) await ask({ ...command, node: '', session })
    }
  }
  await everything()
  const reply = message.headers.get('reply-to')!
  t.ok(reply.startsWith('/reply-queue/'))

  // The sessions are watched from here on.
  await client.send('/topic/rooms/1', 'hello', { token: SECRET, 'reply-to': '/temp-queue/replies' })
  await client.send('/app/fail', {}, { authorization: SECRET }).catch(() => {})
  client.raw(`SEND\ndestination:/queue/x\npasscode:${SECRET}\n\n`)
  client.raw('x\0')
  await everything()

  const all = JSON.stringify(answers)
  for (const shown of ['"topic":"/topic/rooms/1"', '"user":"kim"', '"user":"ada"', 'poison', '"kind":"SEND"', 'destination:/topic/rooms/1']) t.ok(all.includes(shown), `the answers show ${shown}`)
  t.notMatch(all, new RegExp(SECRET, 'i'))
  t.notOk(all.includes(reply), 'the address of a temporary queue is a secret of those who got it')
  t.notOk(answers.some(({ failure }) => failure !== undefined))
})
