import { activemq, type BrokerDialect, rabbitmq, relayBroker, type RelayBroker } from 'fastify-sockjs/stomp'

/** The broker of `STOMP_RELAY`, which is written `tcp://login:passcode@host:port`. */
export interface RelayTarget {
  readonly server: string
  readonly login: string
  readonly passcode: string
}

/** The dialects of brokers, which name destinations differently. With `none` the broker uses the names of this package. */
const DIALECTS: Readonly<Record<string, (() => BrokerDialect) | undefined>> = { rabbitmq, activemq, none: undefined }

export const DIALECT_NAMES: readonly string[] = Object.keys(DIALECTS)

/** @throws an Error with a text for the user of the command line */
export function parseRelay (text: string): RelayTarget {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^(tcp|tls):$/.test(url.protocol) || url.hostname === '' || url.pathname.length > 1) throw new Error('the address of a relay is written tcp://login:passcode@host:port')
  return {
    server: `${url.protocol}//${url.host}`,
    login: decodeURIComponent(url.username) || 'guest',
    passcode: decodeURIComponent(url.password) || 'guest'
  }
}

export function demoRelay ({ server, login, passcode }: RelayTarget, dialect: string): RelayBroker {
  const make = DIALECTS[dialect]
  return relayBroker({ servers: server, system: { login, passcode }, ...(make === undefined ? {} : { dialect: make() }) })
}
