/** What the commands of this package read from their arguments. */
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { InvalidArgumentError } from 'commander'
import { UsageError } from './runner/errors.ts'

export const names = (text: string, earlier: string[] = []): string[] => [...earlier, ...text.split(',').map((name) => name.trim()).filter((name) => name !== '')]

export function whole (text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above zero.')
  return value
}

/** Seconds, as people write them; milliseconds inside. Timers take no more than a day here: longer ones would fire at once. */
export function duration (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 86_400)) throw new InvalidArgumentError('It must be a number of seconds, at most 86400.')
  return Math.round(value * 1000)
}

export function positiveDuration (text: string): number {
  const value = duration(text)
  if (value === 0) throw new InvalidArgumentError('It must be more than zero seconds.')
  return value
}

export function path (text: string): string {
  if (!/^\/./.test(text)) throw new InvalidArgumentError('It must begin with a slash.')
  return text.replace(/\/+$/, '')
}

/** The package finds its own manifest by its name, from the sources and from the build. */
export const { version } = createRequire(import.meta.url)('sockjs-conformance/package.json') as { version: string }

/** A file that cannot be written is found out before the run, not half a minute later. */
export function checkOutput (file: string): void {
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new UsageError(`the report cannot be written to "${file}" (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`)
  }
}
