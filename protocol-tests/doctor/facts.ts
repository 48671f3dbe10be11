import type { Target } from '../client/target.ts'
import type { DoctorOptions } from './types.ts'

/** The answer of `/info`, as far as it is understood. */
export interface Info {
  readonly websocket: boolean | undefined
  readonly cookieNeeded: boolean
  readonly baseUrl: string | undefined
}

/** What a server with `doctor: true` saw of a request, and its settings. */
export interface Identity {
  readonly address: string
  readonly port: number | undefined
  /** The address comes from a header of a proxy that the server trusts. */
  readonly trusted: boolean
  readonly host: string
  readonly protocol: string
  readonly httpVersion: string
  /** The headers of proxies that came with the request. */
  readonly forwarded: readonly string[]
  readonly heartbeat: number
  readonly disconnectDelay: number
  readonly maxMessageSize: number
  readonly bodyLimit: number
  readonly compression: boolean
}

/** What the checks know of the server. The first checks write it, and later ones read it. */
export interface Facts {
  readonly target: Target
  readonly options: Required<Pick<DoctorOptions, 'idle'>> & DoctorOptions
  /** The path of the service on the server; undefined until it is found. */
  path: string | undefined
  info: Info | undefined
  identity: Identity | undefined
  /** The Origin header that requests carry; none once the server has refused it, so that other faults show. */
  origin: string | undefined
  /** Why no messages are sent; undefined where the service sends them back. */
  mute: string | undefined
  /** Cookies that the server or a proxy has set, as a browser keeps them. */
  readonly cookies: Map<string, string>
  /** The proxy that names itself. */
  product: string | undefined
  /** Milliseconds of a request for `/info`, connection included. */
  roundTrip: number
  /** Milliseconds until the first frame, by transport: those that work. */
  readonly works: Map<string, number>
  /** Why a transport does not work. */
  readonly fails: Map<string, string>
}

export function newFacts (target: Target, options: DoctorOptions): Facts {
  return {
    target,
    options: { ...options, idle: options.idle ?? defaultIdle },
    path: undefined,
    info: undefined,
    identity: undefined,
    origin: options.origin ?? target.origin,
    mute: 'no message could be tried',
    cookies: new Map(),
    product: undefined,
    roundTrip: 0,
    works: new Map(),
    fails: new Map()
  }
}

export const defaultIdle = 30_000

/** A second that is worth naming: `25.0 s`; below it, milliseconds. */
export function duration (milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

export function size (bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${Number((bytes / 1024 / 1024).toFixed(2))} MiB`
}

const transportNames: Readonly<Record<string, string>> = { xhr: 'xhr-polling', xhr_streaming: 'xhr-streaming' }

/** The name of a transport as clients report it; URLs have others. */
export const nameOf = (transport: string): string => transportNames[transport] ?? transport
