/** The longest time between two timers of a hidden tab, in milliseconds. A longer one is the sleep of a device. */
const THROTTLED = 60_000

/** The silent intervals after which a server is gone. */
const PATIENCE = 2

/** The heart-beats of one session, both ways. */
export interface HeartBeats {
  /** Notes bytes to the server. */
  sent (): void
  /** Notes bytes of the server. */
  heard (): void
  stop (): void
}

/**
 * Keeps the heart-beats of a session. [STOMP 1.2, Heart-beating]
 *
 * @param outgoing The longest time without a byte to the server in milliseconds, 0 without a limit.
 * @param incoming The same for the server.
 * @param beat Sends a heart-beat, and calls `sent`.
 * @param silent Called when the server is gone.
 */
export function heartBeats (outgoing: number, incoming: number, beat: () => void, silent: () => void): HeartBeats {
  let hasSent = true
  let hasHeard = true
  let missed = 0
  let turn = Date.now()
  let sentAt = turn
  // Two turns in an interval, so that no time without bytes is longer.
  const sending = outgoing && setInterval(() => {
    if (hasSent) hasSent = false
    else beat()
  }, outgoing / 2)
  const hearing = incoming && setInterval(() => {
    const late = Date.now() - turn - incoming
    turn = Date.now()
    if (hasHeard) missed = 0
    // After a sleep the server has one more interval: its bytes may be on their way.
    else if (late <= THROTTLED && ++missed >= PATIENCE) silent()
    hasHeard = false
  }, incoming)
  return {
    sent () {
      hasSent = true
      sentAt = Date.now()
    },
    heard () {
      hasHeard = true
      // A hidden tab has few timers, so that the bytes of the server give the time for heart-beats, too.
      if (outgoing && Math.abs(Date.now() - sentAt) >= outgoing / 2) beat()
    },
    stop () {
      clearInterval(sending)
      clearInterval(hearing)
    }
  }
}
