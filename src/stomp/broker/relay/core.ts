import type { Clock } from '../../../core/clock.ts'
import { DestinationParser } from '../../destinations.ts'
import type { BrokerError } from '../../refusals.ts'
import type { BrokerConnection, BrokerContext, BrokerLog, Done } from '../broker.ts'
import { Serial } from '../serial.ts'
import { ClientFailures } from './client/client-failures.ts'
import { Connector } from './link/connector.ts'
import { ReconnectingLinks } from './link/reconnecting-link.ts'
import type { Names } from './messages/names.ts'
import type { RelaySettings } from './options.ts'
import type { RelayState } from './state.ts'

/** The connection of a client to the broker, which the relay can end. */
export interface RelayConnection extends BrokerConnection {
  /** Ends the connection, and tells the session why. */
  end (error: BrokerError): Done
}

/** The parts that all connections of a running relay share. */
export class RelayCore {
  readonly settings: RelaySettings
  readonly names: Names
  /** Tells the destinations of the application and of users from those of the broker. */
  readonly parser: DestinationParser
  readonly state: RelayState
  readonly clock: Clock
  readonly log: BrokerLog
  readonly serial = new Serial()
  readonly clientFailures: ClientFailures
  readonly connector: Connector
  /** The application's own links. */
  readonly links: ReconnectingLinks
  /** The connections of clients. Each removes itself when it ends. */
  readonly connections = new Set<RelayConnection>()

  constructor (settings: RelaySettings, names: Names, state: RelayState, { clock, log, applicationPrefixes }: BrokerContext) {
    this.settings = settings
    this.names = names
    this.parser = new DestinationParser(applicationPrefixes, settings.destinations.separator)
    this.state = state
    this.clock = clock
    this.log = log
    this.clientFailures = new ClientFailures(clock, log)
    this.connector = new Connector(settings, state, clock, log)
    this.links = new ReconnectingLinks(settings, this.connector, clock, log)
  }
}
