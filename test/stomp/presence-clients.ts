import type { StompTestClient, StompTestServer } from './support.ts'

/** A topic with presence, and the topic that tells it. */
export const TOPIC = '/topic/rooms/7'
export const WATCH = '/topic/$presence/rooms/7'

/** The messages about presence that have come by now. */
export async function told (client: StompTestClient): Promise<unknown[]> {
  return (await client.bodies()).map((body) => JSON.parse(body) as unknown)
}

export const list = (...users: string[]): object => ({ type: 'list', users, complete: true })
export const join = (user: string): object => ({ type: 'join', user })
export const leave = (user: string): object => ({ type: 'leave', user })

/** Sorts joins and leaves, whose order the nodes do not promise. */
export const byUser = (a: unknown, b: unknown): number => (a as { user: string }).user < (b as { user: string }).user ? -1 : 1

/** A client that subscribes to the topic. */
export async function member (server: StompTestServer, user?: string, topic = TOPIC): Promise<StompTestClient> {
  return await (await server.connect({ user })).subscribe('a', topic)
}

export async function watcher (server: StompTestServer, destination = WATCH): Promise<StompTestClient> {
  return await (await server.connect({ user: 'watcher' })).subscribe('w', destination)
}
