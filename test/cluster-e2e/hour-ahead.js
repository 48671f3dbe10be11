// `node --import=hour-ahead.js`: the clock of this process is an hour ahead of the others.
const HOUR = 3_600_000
const { now } = Date

globalThis.Date = class extends Date {
  constructor (...parts) {
    if (parts.length === 0) super(now() + HOUR)
    else super(...parts)
  }

  static now () { return now() + HOUR }
}
