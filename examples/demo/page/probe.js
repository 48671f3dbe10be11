/** Sends a message each second and measures its round trip. It sends the next one only when the last has come back. */

const EVERY = 1000

/** A tag that tells the probes of two open pages apart, because `/broadcast` mixes them. */
const TAG = Math.random().toString(36).slice(2, 6)
const PROBE = /^probe \d+ [a-z0-9]{1,4}$/

export function createProbe (onRoundTrip) {
  let timer = 0
  let count = 0
  let waiting = null

  return {
    start (send) {
      this.stop()
      const next = () => {
        if (waiting !== null) return
        waiting = { text: `probe ${++count} ${TAG}`, at: performance.now() }
        send(waiting.text)
      }
      next()
      timer = setInterval(next, EVERY)
    },
    stop () {
      clearInterval(timer)
      waiting = null
    },
    /** Takes a message; returns true for a probe of this page or of another one. */
    take (text) {
      if (text === waiting?.text) {
        const took = performance.now() - waiting.at
        waiting = null
        onRoundTrip(took)
      }
      return isProbe(text)
    }
  }
}

export function isProbe (text) {
  return PROBE.test(text)
}
