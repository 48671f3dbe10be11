import type { BrokerError } from '../../../refusals.ts'
import type { ServerAddress } from './servers.ts'

/** Says which server failed, and why. It stands in the log alone, because a client sees the `BrokerError` that it causes (RELAY-6). */
export class ServerFailure extends Error {
  readonly host: string
  readonly port: number
  /** A code such as `ECONNREFUSED`, or a sentence if no code exists. */
  readonly reason: string

  constructor ({ host, port }: ServerAddress, reason: string, cause?: Error) {
    super(`${host.includes(':') ? `[${host}]` : host}:${port}: ${reason}`, cause === undefined ? undefined : { cause })
    this.name = 'ServerFailure'
    this.host = host
    this.port = port
    this.reason = reason
  }
}

/** Says that every server of the broker failed, in one attempt. */
export class ServersFailure extends Error {
  readonly failures: readonly ServerFailure[]

  constructor (failures: readonly ServerFailure[]) {
    super(failures.map(({ message }) => message).join('; '))
    this.name = 'ServersFailure'
    this.failures = failures
  }
}

/** Finds the failures of servers that caused an error. */
export function failuresOf ({ cause }: BrokerError): readonly ServerFailure[] {
  if (cause instanceof ServersFailure) return cause.failures
  return cause instanceof ServerFailure ? [cause] : []
}

/** Makes the fields of a log line about an error. They name the last server that failed, and all servers when several failed. */
export function failureFields (error: BrokerError): object {
  const servers = failuresOf(error).map(({ host, port, reason }) => ({ host, port, cause: reason }))
  return { code: error.code, ...servers.at(-1), ...(servers.length > 1 ? { servers } : {}) }
}

/** Describes an error for a log line, such as `127.0.0.1:61613: ECONNREFUSED`. */
export function failureText (error: BrokerError): string {
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Describes the error of a socket. `ECONNREFUSED` says all, and the code of a TLS error needs its sentence. */
export function reasonOf (error: Error): string {
  const { code } = error as { code?: unknown }
  // For several addresses of one host, Node gives the code alone.
  const message = error.message === '' ? (error as AggregateError).errors?.map(String).join(', ') ?? '' : error.message
  if (typeof code !== 'string') return message === '' ? error.name : message
  return /^E[A-Z]+$/.test(code) && message.includes(code) ? code : `${code}: ${message}`
}
