/** The longest wait between two attempts, in seconds. */
const LONGEST = 16

/**
 * Plans the way back to a server that has gone: after a connection that had worked, attempts follow each other ever more slowly.
 * `arrived` is called when one works, `plan` when it has ended or failed, `cancel` when the person wants none.
 */
export function createComeback (attempt) {
  let worked = false
  let wait = 1
  let timer = null

  return {
    get planned () { return timer !== null },
    arrived () {
      worked = true
      wait = 1
    },
    /** The seconds until the next attempt; `null` where none has worked before, because the reason may be the person's choice. */
    plan () {
      if (!worked) return null
      const seconds = wait
      wait = Math.min(2 * wait, LONGEST)
      timer = setTimeout(() => {
        timer = null
        attempt()
      }, seconds * 1000)
      return seconds
    },
    cancel () {
      clearTimeout(timer)
      timer = null
      worked = false
      wait = 1
    }
  }
}
