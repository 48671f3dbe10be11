import type { Clock } from './clock.ts'
import { shorten } from './shorten.ts'

/** The time within which one line about a thing is enough, in milliseconds. */
const SILENCE = 60_000

/** The most things of a kind that have lines of their own within that time. */
const MOST = 100

/** The most characters of a thing that are compared. */
const COMPARED = 300

/** The line of a kind of refusal. It tells the operator the first step towards its end. */
export interface RefusalLine {
  readonly level: 'info' | 'warn' | 'error'
  /** The text. A name in braces stands for the fact of that name. */
  readonly text: string
}

/** The part of a log that gets the lines. */
export interface RefusalWriter {
  info (data: object, text: string): void
  warn (data: object, text: string): void
  error (data: object, text: string): void
}

/** The lines about one kind of refusal at one place. */
interface Told {
  /** The times of the lines, by thing. The oldest come first. */
  readonly at: Map<string, number>
  /** The refusals without a line since the last line. */
  untold: number
  /** True when a line has said that further things have no lines. */
  full: boolean
}

/**
 * Logs why clients are refused. There is one line a minute for each thing, so that neither a busy client nor an attacker fills the log.
 * The next line says how many refusals had none. The memory for that is bounded: `MOST` short texts for each kind and each place.
 */
export class RefusalLog<Kind extends string> {
  readonly #clock: Clock
  readonly #lines: Readonly<Record<Kind, RefusalLine>>
  readonly #told = new Map<string, Told>()

  /** @param lines the kinds of refusals that an operator must know */
  constructor (clock: Clock, lines: Readonly<Record<Kind, RefusalLine>>) {
    this.#clock = clock
    this.#lines = lines
  }

  /**
   * Writes a line, unless one about the same `thing` was written within the last minute.
   *
   * Invented things at one `place`, such as the path of an endpoint, do not silence another place.
   */
  tell (log: RefusalWriter, kind: Kind, place: string, thing: string, facts: object): void {
    const { level, text } = this.#lines[kind]
    const told = this.#toldOf(`${kind} ${place}`)
    const short = shorten(thing, COMPARED)
    if (told.at.has(short) || told.at.size >= MOST) {
      told.untold++
      if (told.at.has(short) || told.full) return
      told.full = true
      log[level]({ refused: kind, untold: true }, `More than ${MOST} different refusals of this kind came within a minute. Further ones have no lines.`)
      return
    }
    const { untold } = told
    told.at.set(short, this.#clock.now())
    told.untold = 0
    told.full = false
    log[level]({ refused: kind, ...facts, ...(untold > 0 ? { untold } : {}) }, filled(text, facts))
  }

  /** Finds the lines of the last minute. */
  #toldOf (key: string): Told {
    let told = this.#told.get(key)
    if (told === undefined) this.#told.set(key, told = { at: new Map(), untold: 0, full: false })
    const now = this.#clock.now()
    for (const [old, at] of told.at) {
      if (now - at < SILENCE) break
      told.at.delete(old)
    }
    return told
  }
}

/** Replaces the names in braces by the facts. */
function filled (text: string, facts: object): string {
  return text.replace(/\{(\w+)\}/g, (name, key: string) => String((facts as Record<string, unknown>)[key] ?? name))
}
