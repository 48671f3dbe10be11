import type { Attributes, NumberPoint } from './metric.ts'

/** A sum for one set of attributes. Hot paths keep the counter, and only add to it. */
export class Counter {
  readonly attributes: Attributes
  value = 0

  constructor (attributes: Attributes) {
    this.attributes = attributes
  }

  point (): NumberPoint { return { attributes: this.attributes, value: this.value } }
}
