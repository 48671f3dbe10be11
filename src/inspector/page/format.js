const plain = new Intl.NumberFormat('en')
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** Writes a whole number with separators. */
export function count (value) { return plain.format(Math.round(value)) }

/** Writes a number in three or four characters, such as `12.3k`. */
export function short (value) {
  const size = Math.abs(value)
  if (size >= 1e9) return `${oneDigit.format(value / 1e9)}G`
  if (size >= 1e6) return `${oneDigit.format(value / 1e6)}M`
  if (size >= 1e4) return `${oneDigit.format(value / 1e3)}k`
  return size < 10 ? oneDigit.format(value) : plain.format(Math.round(value))
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Writes a number of bytes. */
export function bytes (value) {
  let size = value
  let unit = 0
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  return `${size < 10 && unit > 0 ? oneDigit.format(size) : plain.format(Math.round(size))} ${UNITS[unit]}`
}

/** Writes a length of time in its two largest units. */
export function duration (ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Writes a time that a route took, given in seconds. */
export function latency (seconds) {
  if (seconds === null) return '–'
  return seconds < 1 ? `${oneDigit.format(seconds * 1000)} ms` : `${oneDigit.format(seconds)} s`
}

export function clock (time) { return new Date(time).toLocaleTimeString('en-GB') }

/** Writes a word of the metrics for people. */
export function words (text) { return text.replaceAll('_', ' ') }

/** Writes how long ago a time of a chart is, as minutes and seconds. */
export function ago (ms) {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
