import type { Context } from '../runner/context.ts'
import type { CatalogueEntry } from '../types.ts'
import type { Read } from './operations.ts'

/** A case before it has its operation. */
export interface Draft {
  readonly id: string
  readonly title: string
  readonly patience?: number
  readonly run: (t: Context) => Promise<void>
}

export function entryOf ({ id, address, action }: Pick<Read, 'id' | 'address' | 'action'>, { id: suffix, ...draft }: Draft): CatalogueEntry {
  return { ...draft, id: `${id}.${suffix}`, level: 'C', suite: 'asyncapi', section: id, clause: `${action === 'receive' ? 'SEND' : 'SUBSCRIBE'} ${address}`, needs: [], requires: [] }
}
