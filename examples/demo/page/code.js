/** The code of each endpoint, in short. test/demo/demo-page.test.ts compares its options with those of the demo server. */

const ECHO = `

async function echo (session) {
  for await (const message of session) {
    session.send(message)
  }
}`

export const CODE = {
  echo: `app.sockjs('/echo', {
  responseLimit: 4096
}, echo)${ECHO}`,

  disabled_websocket_echo: `app.sockjs('/disabled_websocket_echo', {
  responseLimit: 4096,
  transports: { websocket: false }
}, echo)${ECHO}`,

  tiny: `app.sockjs('/tiny', {
  maxMessageSize: 1024,
  queue: { highWater: 2048, limit: 4096 }
}, echo)${ECHO}`,

  patient: `app.sockjs('/patient', {
  responseLimit: 4096,
  disconnectDelay: 30_000
}, echo)${ECHO}`,

  quick: `app.sockjs('/quick', {
  heartbeat: 200,
  disconnectDelay: 500
}, echo)${ECHO}`,

  amplify: `app.sockjs('/amplify', (session) => {
  session.on('message', (message) => {
    const n = Number.parseInt(message, 10)
    const size = 2 ** (n > 0 && n < 19 ? n : 1)
    session.send('x'.repeat(size))
  })
})`,

  'a.b': `app.sockjs('/a.b', echo)${ECHO}`,

  broadcast: `const endpoint = app.sockjs('/broadcast', share)

function share (session) {
  session.on('message', (message) => {
    endpoint.broadcast(message)
  })
}`,

  ticker: `app.sockjs('/ticker', (session) => {
  const send = () => session.send('tick!')
  const interval = setInterval(send, 1000)
  session.on('close', () => {
    clearInterval(interval)
  })
})`,

  close: `app.sockjs('/close', (session) => {
  session.close(3000, 'Go away!')
})`,

  farewell: `app.sockjs('/farewell', (session) => {
  session.send('one')
  session.send('two')
  session.close(3001, 'bye')
})`,

  throw: `app.sockjs('/throw', (session) => {
  session.on('message', (message) => {
    if (message === 'throw') {
      throw new Error('thrown as asked')
    }
    session.send(message)
  })
})`,

  same_origin: `app.sockjs('/same_origin', {
  origins: []
}, echo)${ECHO}`,

  resumable: `app.sockjs('/resumable', {
  resume: { within: 5_000 }
}, echo)${ECHO}`,

  restricted: `app.sockjs('/restricted', {
  origins: ['https://allowed.example']
}, echo)${ECHO}`,

  whoami: `app.sockjs('/whoami', {
  user: userOf
}, (session) => {
  const name = session.user?.name ?? 'anonymous'
  session.on('message', () => session.send(name))
})

function userOf (request) {
  const name = request.headers['x-user']
  if (typeof name === 'string') return { name }
}`,

  cookie_needed_echo: `app.sockjs('/cookie_needed_echo', {
  responseLimit: 4096,
  sessionCookie: true
}, echo)${ECHO}`,

  base_url: `app.sockjs('/base_url', {
  baseUrl: 'https://node1.example/base_url'
}, echo)${ECHO}`,

  subprotocol: `app.sockjs('/subprotocol', {
  protocols: ['chat']
}, echo)${ECHO}`,

  binary: `app.sockjs('/binary', {
  binary: true
}, echo)${ECHO}`,

  where: `app.sockjs('/where', {
  disconnectDelay: 30_000
}, (session) => {
  const { id, transport } = session
  const answer = { node, session: id, transport }
  session.on('message', () => {
    session.send(JSON.stringify(answer))
  })
})`,

  everywhere: `const everywhere = app.sockjs(
  '/everywhere', (session) => {
    session.on('message', (message) => {
      everywhere.cluster.broadcast(message)
        .catch(() => session.send('…'))
    })
  })`,

  stomp: `app.register(stomp, {
  path: '/stomp',
  broker: memoryBroker()
})

app.stomp.message('/hello', {
  sendTo: '/topic/greetings'
}, ({ body }) => ({
  content: \`Hello, \${body.name}!\`
}))`
}
