/** The longest wait between two attempts, in seconds. */
const LONGEST = 16

/** The close codes of a server or a network that went away. */
const AWAY = new Set([1001, 1002, 1006])

export const wentAway = (code) => AWAY.has(code)

/**
 * Plans attempts to reach a server that went away. Each wait is twice as long as the one before. Call `arrived` when an
 * attempt works, `plan` when the session ended or an attempt failed, and `cancel` when the user stops it.
 * `tick` is called with the seconds that are left, each second.
 */
export function createComeback (attempt, tick = () => {}) {
  let worked = false
  let wait = 1
  let timer = null

  function stop () {
    clearInterval(timer)
    timer = null
  }

  return {
    get planned () { return timer !== null },
    arrived () {
      worked = true
      wait = 1
    },
    /** Returns the seconds until the next attempt. It is `null` if no session opened before: the choice of the user may be the reason. */
    plan () {
      if (!worked) return null
      const seconds = wait
      wait = Math.min(2 * wait, LONGEST)
      let left = seconds
      stop()
      tick(left)
      timer = setInterval(() => {
        left--
        tick(left)
        if (left > 0) return
        stop()
        attempt()
      }, 1000)
      return seconds
    },
    cancel () {
      stop()
      worked = false
      wait = 1
    }
  }
}
