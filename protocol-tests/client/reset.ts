import type { Socket } from 'node:net'

/**
 * Ends a connection with RST.
 *
 * Node cannot reset a connection that is ending: the reset fails with EINVAL, and the handle stays open, so that the process never ends. Such a
 * connection is destroyed.
 */
export function reset (socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
