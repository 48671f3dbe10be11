import type { CatalogueEntry } from '../types.ts'
import { documentCases } from './document-cases.ts'
import type { AsyncApi } from './document.ts'
import type { Access } from './kit.ts'
import { operationsOf } from './operations.ts'
import type { Read } from './operations.ts'
import { receivingCases } from './receiving.ts'
import { Schemas } from './schemas.ts'
import { sendingCases } from './sending.ts'

/** Everything that the cases of a document need. */
export interface Plan {
  readonly document: AsyncApi
  readonly operations: readonly Read[]
  readonly schemas: Schemas
  readonly access: Access
  /** CONNECT without a login must be refused. */
  readonly needsLogin: boolean
}

/** Where the errors of handlers of this package arrive. */
const errors = '/user/queue/errors'

export function planOf (document: AsyncApi, access: Omit<Access, 'errors'>): Plan {
  const operations = operationsOf(document)
  const servers = Object.values(document.servers ?? {})
  return {
    document,
    operations,
    schemas: new Schemas(document),
    access: { ...access, errors: operations.some(({ address, access }) => address === errors && access !== 'none') ? errors : undefined },
    needsLogin: document['x-stomp-authentication'] === undefined
      ? servers.length > 0 && servers.every(({ security = [] }) => security.length > 0)
      : document['x-stomp-authentication'] === 'required'
  }
}

/** The cases of a document: what each operation must take, what it must refuse, and what must come of it. */
export function casesOf (plan: Plan): CatalogueEntry[] {
  return [...documentCases(plan), ...plan.operations.flatMap((operation) => operation.action === 'receive' ? receivingCases(plan, operation) : sendingCases(plan, operation))]
}
