import net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Mutation } from '../types.ts'
import { Link } from './link.ts'

/** Stands before a server and breaks one rule on the way. */
export class FaultProxy {
  readonly links = new Set<Link>()
  private readonly server: net.Server
  private readonly timers = new Set<NodeJS.Timeout>()
  private down = false
  /** The mutation itself is at fault. */
  failure: unknown

  private constructor (port: number, mutation: Mutation) {
    this.server = net.createServer((client) => {
      if (this.down) client.resetAndDestroy()
      else this.links.add(new Link(this, client, port, mutation))
    })
  }

  static async start (port: number, mutation: Mutation): Promise<FaultProxy> {
    const proxy = new FaultProxy(port, mutation)
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', reject)
      proxy.server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port (): number {
    return (this.server.address() as AddressInfo).port
  }

  /** What a process that dies and is started again looks like from outside. */
  crash (milliseconds = 400): void {
    this.down = true
    for (const link of this.links) link.reset()
    this.links.clear()
    this.later(() => { this.down = false }, milliseconds)
  }

  /** A timer that ends with the proxy. */
  later (action: () => void, milliseconds: number): void {
    if (milliseconds === Infinity) return
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      action()
    }, milliseconds)
    this.timers.add(timer)
  }

  async close (): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer)
    for (const link of this.links) link.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
