import { carriers } from '../client/stomp-carriers.ts'
import { transports } from '../client/transports.ts'
import type { Transport } from '../client/transports.ts'
import type { CarrierName } from '../client/stomp-carriers.ts'
import type { CatalogueEntry, Options } from '../types.ts'
import { UsageError } from './errors.ts'

/** Whatever brings messages there and back: the transports of SockJS, the carriers of STOMP. */
export const ways: readonly (Transport | CarrierName)[] = [...transports, ...carriers]

/** `XHR-3` names a row with all its cases, `CORS-1.info` one case, `CORS-*` a family, `cors` a section. */
function matches (entry: CatalogueEntry, pattern: string): boolean {
  if (pattern.endsWith('*')) return entry.id.startsWith(pattern.slice(0, -1))
  return entry.id === pattern || entry.id.startsWith(`${pattern}.`) || entry.section === pattern || entry.suite === pattern
}

export function select (entries: readonly CatalogueEntry[], options: Options): CatalogueEntry[] {
  for (const pattern of [...options.only ?? [], ...options.skip ?? []]) {
    if (!entries.some((entry) => matches(entry, pattern))) throw new UsageError(`no case is named "${pattern}"; --list shows them all`)
  }
  for (const transport of options.transports ?? []) {
    if (!ways.includes(transport)) throw new UsageError(`no transport is named "${transport}"; there are ${ways.join(', ')}`)
  }
  const chosen = entries.filter((entry) =>
    (options.suite === undefined || options.suite === 'all' || entry.suite === options.suite) &&
    (options.only === undefined || options.only.some((pattern) => matches(entry, pattern))) &&
    !(options.skip ?? []).some((pattern) => matches(entry, pattern)) &&
    (options.transports === undefined || entry.transport === undefined || options.transports.includes(entry.transport)))
  if (chosen.length === 0) throw new UsageError('these options leave no case to run')
  return chosen
}
