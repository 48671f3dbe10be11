import t, { type Test } from 'tap'
import { type Inside, Target } from '../support/target.ts'
import { until } from '../support/wait.ts'
import { CATALOGUE } from './catalogue.ts'

const MIB = 1024 * 1024

/** What a group may leave behind, garbage collected: caches, compiled code, not what clients have sent. */
const MAY_REMAIN = 48 * MIB

export type Attack = (t: Test, target: Target) => Promise<void>

/** The cases of one file of the catalogue, against one server in a process of its own. */
export class Suite {
  readonly #file: string
  #target!: Target
  #before!: Inside['memory']
  readonly #seen = new Set<string>()

  constructor (file: string) {
    this.#file = file
    t.test('the server starts', async (own) => {
      this.#target = await Target.start(t, 'default')
      await this.#target.verdict(own)
      this.#before = await this.#target.ask('memory')
    })
  }

  /** One case, by its id; `on` is another server than the one of the file. */
  attack (id: string, attack: Attack, on: string | null = null): void {
    const known = CATALOGUE.get(id)
    if (known?.file !== this.#file) throw new Error(`${id} is not in the catalogue for ${this.#file}`)
    this.#seen.add(id)
    t.test(`SEC-${id}: ${known.attack}${on === null ? '' : ` (${on})`}`, async (t) => {
      const target = on === null ? this.#target : await Target.start(t, on)
      await attack(t, target)
      await target.verdict(t)
    })
  }

  /** After the last case: none is missing, and nothing of what was sent is kept. */
  finish (): void {
    const expected = [...CATALOGUE].filter(([, { file }]) => file === this.#file).map(([id]) => id)
    t.strictSame([...this.#seen].sort(), expected.sort(), 'every case of the catalogue is here')
    t.test('the memory is back', async (t) => {
      await until(async () => (await this.#target.ask('sessions')).bufferedBytes === 0, 'nothing waits for anybody')
      const { heap, outside, rss } = await this.#target.ask('memory')
      const grown = heap + outside - this.#before.heap - this.#before.outside
      t.ok(grown < MAY_REMAIN, `${(grown / MIB).toFixed(1)} MiB are left, the process has ${(rss / MIB).toFixed(0)} MiB`)
    })
  }
}
