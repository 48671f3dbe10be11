import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { answerPlainly } from './plain-request.ts'
import { guardErrors, isHandshake, respondTo } from './upgrade.ts'

const GATE = Symbol('fastify-sockjs.gate')

/** An application whose endpoints are behind a gate. */
export interface UpgradeOwner {
  /** Tells whether the URL of a request is that of an endpoint, or below it. */
  owns (request: IncomingMessage): boolean
}

type Emit = Server['emit']

/** Does nothing, because the gate gets each upgrade before this listener. */
function listen (): void {}

/** An HTTP server. Node 22.21, 24.9 and later decide on an upgrade before the parser lets the connection go. */
type DecidingServer = Server & { [GATE]?: UpgradeGate, shouldUpgradeCallback?: (request: IncomingMessage) => boolean }

/**
 * The one place where the upgrades of a server arrive, before any listener gets them.
 *
 * The gate does only the work that must happen before Fastify:
 *
 * - A WebSocket handshake below an endpoint becomes a request of the server, and Fastify routes it like any other.
 * - Other upgrades below an endpoint are ignored, and Fastify answers the requests as plain ones (RFC 9110, 7.8).
 * - Upgrades with other URLs go to the other listeners, no matter when these were added. Without a listener, the request is a plain one.
 */
export class UpgradeGate {
  readonly #server: DecidingServer
  readonly #owners = new Set<UpgradeOwner>()
  readonly #leave: () => void

  /** Adds an application to the gate of its server. Returns a function that removes the application. */
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

  /** Adds a listener, because Node announces upgrades only to a server that has one. */
  #listen (): () => void {
    this.#server.on('upgrade', listen)
    return () => this.#server.removeListener('upgrade', listen)
  }

  /**
   * Puts the gate before all listeners.
   *
   * A listener cannot keep an event from the other listeners, and the application may add more at any time.
   */
  #intercept (): () => void {
    const server = this.#server
    const own = Object.hasOwn(server, 'emit')
    const { emit } = server
    const settled = this.#settled
    const owners = this.#owners
    const intercepted = function (this: Server, event: string, ...args: unknown[]): boolean {
      if (event !== 'upgrade' || owners.size === 0) return Reflect.apply(emit, this, [event, ...args]) as boolean
      if (settled(...args as [IncomingMessage, Socket, Buffer])) return true
      // Some listeners count the others, and refuse unknown URLs only if they are alone.
      server.removeListener('upgrade', listen)
      try {
        return Reflect.apply(emit, this, [event, ...args]) as boolean
      } finally {
        if (owners.size > 0) server.on('upgrade', listen)
      }
    } as Emit
    server.emit = intercepted
    return () => {
      if (server.emit !== intercepted) return
      if (own) server.emit = emit
      else delete (server as { emit?: Emit }).emit
    }
  }

  /**
   * Decides before the parser lets the connection go, on Node versions that ask.
   *
   * Then the client of an ignored upgrade keeps its connection.
   */
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

  /** Handles an upgrade that belongs to an endpoint or to no listener. Returns false if the listeners must get it. */
  readonly #settled = (request: IncomingMessage, socket: Socket, head: Buffer): boolean => {
    guardErrors(socket)
    const owned = this.#owns(request)
    if (!owned && this.#hasOthers) return false
    if (owned && isHandshake(request)) this.#route(request, socket, head)
    else answerPlainly(this.#server, request, socket, head)
    return true
  }

  /** Routes the request as a GET of its URL. */
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
