import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/wait.ts'
import type { Bar } from '../bar.ts'
import { StompClient } from '../load/stomp-client.ts'
import { withServers } from './stomp-servers.ts'

const TOPIC = '/topic/rooms/bars'
const WATCH = '/topic/$presence/rooms/bars'

/** The users of each kind. */
const USERS = 20

/** The time within which the users of a killed node leave, in milliseconds. */
const SOON = 8_000
/** The time that a busy machine may need to bring the word of it, in milliseconds. */
const BUSY = 2_000
/** The time in which nothing more may come, in milliseconds. */
const QUIET = 1_000

/** The users by the places of their tabs: the node that is killed, or another one. */
const KINDS = {
  /** Both tabs are at the node that is killed. */
  lost: [1, 1],
  /** One tab is at another node. */
  halved: [1, 2],
  /** The only tab is at the node that is killed, and the client connects to another one at once. */
  moved: [1],
  others: [0, 2]
} as const

interface Change {
  readonly type: 'list' | 'join' | 'leave'
  readonly user?: string
  readonly users?: readonly string[]
  readonly at: number
}

/** A client that notes the messages about presence. */
class Watcher {
  readonly changes: Change[] = []

  static async open (port: number): Promise<Watcher> {
    const watcher = new Watcher()
    const client = await StompClient.connect(port)
    client.received = ({ body }) => { watcher.changes.push({ ...JSON.parse(body) as Omit<Change, 'at'>, at: performance.now() }) }
    await client.ask('SUBSCRIBE', { id: 'w', destination: WATCH })
    return watcher
  }
}

async function join (port: number, login: string): Promise<StompClient> {
  const client = await StompClient.connect(port, { login })
  await client.ask('SUBSCRIBE', { id: 'a', destination: TOPIC })
  return client
}

const namesOf = (kind: keyof typeof KINDS): string[] => Array.from({ length: USERS }, (_, i) => `${kind}-${i}`)

/** The users of a node that is killed leave once each, at the watchers of all other nodes; users who are at another node stay. */
export const stompPresence: Bar = {
  name: 'stomp: presence, a node killed',
  group: 'stomp',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    await withServers(bench.processes, engine, 3, async (servers) => {
      const ports = servers.map(({ port }) => port)
      await Promise.all(Object.entries(KINDS).flatMap(([kind, places]) =>
        namesOf(kind as keyof typeof KINDS).flatMap((name) => places.map((place) => join(ports[place]!, name)))))
      const watchers = [await Watcher.open(ports[0]!), await Watcher.open(ports[2]!)]
      const everyone = (Object.keys(KINDS) as (keyof typeof KINDS)[]).flatMap(namesOf).sort()
      const present = ({ changes }: Watcher): string[] => {
        const users = new Set<string>()
        for (const { type, user, users: all } of changes) {
          if (type === 'list') for (const each of all!) users.add(each)
          else if (type === 'join') users.add(user!)
          else users.delete(user!)
        }
        return [...users].sort()
      }
      await until(() => watchers.every((watcher) => present(watcher).join() === everyone.join()), 'every watcher has all users')

      const before = watchers.map(({ changes }) => changes.length)
      await servers[1]!.process.kill()
      const killed = performance.now()
      await Promise.all(namesOf('moved').map((name) => join(ports[0]!, name)))
      const after = (): Change[][] => watchers.map(({ changes }, i) => changes.slice(before[i]))
      await until(() => after().every(({ length }) => length >= USERS), 'every user has left', SOON * 2).catch(() => {})
      await delay(QUIET)

      const wanted = namesOf('lost').sort().join()
      const wrong = after().filter((changes) => changes.map(({ type, user }) => type === 'leave' ? user : `${type} ${String(user)}`).sort().join() !== wanted).length
      const slowest = Math.max(...after().flat().map(({ at }) => at - killed))
      const late = await Watcher.open(ports[2]!)
      const isListed = present(late).join() === everyone.filter((name) => !name.startsWith('lost')).join()
      bench.row({
        transport: 'websocket',
        figure: `${USERS} users left ${watchers.length - wrong} of ${watchers.length} watchers once each, after ${(slowest / 1000).toFixed(1)} s; ${USERS * 3} others stay, of whom ${USERS * 2} had a tab there`,
        wanted: `all, within ${SOON / 1000} s, and no other`,
        ok: wrong === 0 && isListed && slowest <= SOON + BUSY
      })
    })
  }
}
