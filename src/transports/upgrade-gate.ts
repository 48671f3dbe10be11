import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { answerPlainly } from './plain-request.ts'
import { guardErrors, isHandshake, respondTo } from './upgrade.ts'

const GATE = Symbol('fastify-sockjs.gate')

/** An application whose endpoints lie behind a gate. */
export interface UpgradeOwner {
  /** Whether the URL of a request leads to an endpoint, or to nowhere below one. */
  owns (request: IncomingMessage): boolean
}

type Emit = Server['emit']

/** Since Node 22.21 and 24.9 a server decides on an upgrade before its parser lets the connection go. */
type DecidingServer = Server & { [GATE]?: UpgradeGate, shouldUpgradeCallback?: (request: IncomingMessage) => boolean }

/**
 * The one place where the upgrades of a server arrive, before any listener sees them. The gate does what Fastify is too late for,
 * and nothing else:
 *
 * - a WebSocket handshake below an endpoint becomes a request of the server, and Fastify routes it as any other;
 * - other upgrades below an endpoint are ignored, and the requests answered as plain ones (RFC 9110, 7.8);
 * - elsewhere, the listeners of others get the upgrade, whenever they were added. Without a listener, the request is a plain one.
 */
export class UpgradeGate {
  readonly #server: DecidingServer
  readonly #owners = new Set<UpgradeOwner>()
  readonly #leave: () => void

  /** Adds an application to the gate of its server. Returns what takes it out again. */
  static enter (server: Server, owner: UpgradeOwner): () => void {
    const gated = server as DecidingServer
    const gate = (gated[GATE] ??= new UpgradeGate(gated))
    gate.#owners.add(owner)
    return () => {
      gate.#owners.delete(owner)
      if (gate.#owners.size === 0) gate.#leave()
    }
  }

  private constructor (server: DecidingServer) {
    this.#server = server
    const undo = [this.#listen(), this.#intercept(), this.#decide()]
    this.#leave = () => {
      for (const step of undo) step()
      delete server[GATE]
    }
  }

  /** Node announces upgrades only where somebody listens. */
  #listen (): () => void {
    const server = this.#server
    const nothing = (): void => {}
    server.on('upgrade', nothing)
    return () => server.removeListener('upgrade', nothing)
  }

  /** A listener cannot keep others from an event, and others may come at any time: the gate stands before all of them. */
  #intercept (): () => void {
    const server = this.#server
    const own = Object.hasOwn(server, 'emit')
    const { emit } = server
    const arrived = this.#arrived
    const intercepted = function (this: Server, event: string, ...args: unknown[]): boolean {
      if (event === 'upgrade' && arrived(...args as [IncomingMessage, Socket, Buffer])) return true
      return Reflect.apply(emit, this, [event, ...args]) as boolean
    } as Emit
    server.emit = intercepted
    return () => {
      if (server.emit !== intercepted) return
      if (own) server.emit = emit
      else delete (server as { emit?: Emit }).emit
    }
  }

  /** Where Node asks, what the server does not want never leaves its parser: the connection stays, bodies too. */
  #decide (): () => void {
    const server = this.#server
    const theirs = server.shouldUpgradeCallback
    if (theirs === undefined) return () => {}
    const decide = (request: IncomingMessage): boolean => {
      if (this.#owners.size === 0 || this.#isForOthers(request)) return theirs.call(server, request)
      return isHandshake(request)
    }
    server.shouldUpgradeCallback = decide
    return () => { if (server.shouldUpgradeCallback === decide) server.shouldUpgradeCallback = theirs }
  }

  /** Returns whether the upgrade has found its place, so that no listener may see it. */
  readonly #arrived = (request: IncomingMessage, socket: Socket, head: Buffer): boolean => {
    if (this.#owners.size === 0) return false
    guardErrors(socket)
    const owned = this.#owns(request)
    if (!owned && this.#hasOthers) return false
    if (owned && isHandshake(request)) this.#route(request, socket, head)
    else answerPlainly(this.#server, request, socket, head)
    return true
  }

  /** The request goes where a GET of its URL goes. */
  #route (request: IncomingMessage, socket: Socket, head: Buffer): void {
    const response = respondTo(request, socket, head)
    if (response === null) socket.destroy()
    else this.#server.emit('request', request, response)
  }

  get #hasOthers (): boolean { return this.#server.listenerCount('upgrade') > 1 }

  #isForOthers (request: IncomingMessage): boolean { return this.#hasOthers && !this.#owns(request) }

  #owns (request: IncomingMessage): boolean {
    for (const owner of this.#owners) if (owner.owns(request)) return true
    return false
  }
}
