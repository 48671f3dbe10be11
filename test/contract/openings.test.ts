import { HTTP, newClient, newId } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { ask } from '../support/http.ts'
import { buildServer } from '../support/server.ts'

contract('SESSION-3: of receivers that open one session at the same time one wins', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { session: async () => { for (let i = 0; i < 3; i++) await ask({ port: server.port, path: '/echo/info' }) } } })
  const id = newId()
  const clients = Array.from({ length: 5 }, () => newClient(server, transport, { id, comeBack: false }))
  for (const one of clients) one.receive()
  const frames = await Promise.all(clients.map((one) => one.frame()))
  t.strictSame(frames.toSorted(), [...Array.from({ length: 4 }, () => 'c[2010,"Another connection still open"]'), 'o'])
  t.equal(server.sessions.all.length, 1)
}, HTTP)
