/** A document of AsyncAPI 3, as far as the runner reads it. */
import { readFile } from 'node:fs/promises'
import { UnreachableError, UsageError } from '../runner/errors.ts'

export interface Ref { readonly $ref: string }

export interface Message {
  readonly name?: string
  readonly contentType?: string
  readonly payload?: unknown
  readonly headers?: unknown
  readonly examples?: readonly { readonly name?: string, readonly payload?: unknown, readonly headers?: Readonly<Record<string, unknown>> }[]
}

export interface Parameter {
  readonly enum?: readonly string[]
  readonly default?: string
  readonly examples?: readonly string[]
  readonly 'x-stomp-schema'?: unknown
}

export interface Channel {
  readonly address?: string | null
  readonly parameters?: Readonly<Record<string, Parameter | Ref>>
  readonly messages?: Readonly<Record<string, Message | Ref>>
}

export interface Operation {
  readonly action: 'send' | 'receive'
  readonly channel: Ref
  readonly summary?: string
  readonly security?: readonly unknown[]
  readonly messages?: readonly Ref[]
  readonly reply?: { readonly address?: { readonly location?: string } | Ref, readonly channel?: Ref, readonly messages?: readonly Ref[] }
  readonly 'x-stomp-kind'?: string
  readonly 'x-stomp-access'?: string
  readonly 'x-stomp-answers'?: readonly { readonly operation: string, readonly to: string }[]
}

export interface Server {
  readonly protocol?: string
  readonly pathname?: string
  readonly security?: readonly unknown[]
  readonly 'x-stomp-transport'?: string
}

export interface AsyncApi {
  readonly asyncapi: string
  readonly info?: { readonly title?: string, readonly version?: string }
  readonly defaultContentType?: string
  readonly servers?: Readonly<Record<string, Server>>
  readonly channels?: Readonly<Record<string, Channel | Ref>>
  readonly operations?: Readonly<Record<string, Operation>>
  readonly components?: { readonly securitySchemes?: Readonly<Record<string, { readonly type?: string, readonly scheme?: string }>> }
  readonly 'x-stomp-authentication'?: string
  readonly 'x-stomp-application-prefixes'?: readonly string[]
}

/** Reads a document from a file or a URL. */
export async function loadDocument (place: string, timeout: number): Promise<AsyncApi> {
  const text = /^https?:\/\//.test(place) ? await download(place, timeout) : await read(place)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`"${place}" is not JSON (${error instanceof Error ? error.message : String(error)}); the runner reads documents in JSON, not in YAML`)
  }
  return checkDocument(document, place)
}

/** @throws UsageError for a value that is no document of AsyncAPI 3 */
export function checkDocument (value: unknown, place = 'the document'): AsyncApi {
  const { asyncapi, operations } = (value ?? {}) as Partial<AsyncApi>
  if (typeof asyncapi !== 'string' || !asyncapi.startsWith('3.')) throw new UsageError(`"${place}" must be a document of AsyncAPI 3, with "asyncapi": "3.…"; it has ${JSON.stringify(asyncapi) ?? 'nothing'} there`)
  if (typeof operations !== 'object' || operations === null || Object.keys(operations).length === 0) throw new UsageError(`"${place}" has no operations`)
  return value as AsyncApi
}

async function download (url: string, timeout: number): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return await response.text()
  } catch (error) {
    const { cause } = error as { cause?: { code?: string, message?: string } }
    throw new UnreachableError(`the document cannot be read from ${url} (${cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error))})`)
  }
}

async function read (file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`the document cannot be read from "${file}" (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`)
  }
}

/** The value at a pointer such as `#/channels/a`. */
export function at (document: unknown, pointer: string): unknown {
  return pointer.replace(/^#\/?/, '').split('/').filter((part) => part !== '').reduce<unknown>((found, part) => {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    return (found as Record<string, unknown> | undefined | null)?.[name]
  }, document)
}

/** A value of the document, and the pointer to it. */
export interface Placed<T> {
  readonly value: T
  readonly pointer: string
}

/** Follows references, from the place where one stands. */
export function follow<T> (document: AsyncApi, pointer: string): Placed<T> {
  for (let steps = 0; steps < 20; steps += 1) {
    const value = at(document, pointer)
    const ref = (value as Partial<Ref> | undefined | null)?.$ref
    if (typeof ref !== 'string' || !ref.startsWith('#')) return { value: value as T, pointer }
    pointer = ref
  }
  throw new UsageError(`the references at ${pointer} go round in a circle`)
}

/** One part of a pointer. */
export const part = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
