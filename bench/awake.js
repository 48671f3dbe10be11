/**
 * Whoever writes to a peer that sleeps pays for waking it, on a virtual machine more than for the message, and the slower the server,
 * the more its peer sleeps. This client never does while it measures, whatever it is connected to.
 */
export function stayAwake () {
  let awake = true
  const turn = () => { if (awake) setImmediate(turn) }
  turn()
  return () => { awake = false }
}
