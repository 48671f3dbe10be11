import type { Socket } from 'node:net'

/** Lets all that `write` writes leave in one write with the first frames. The flusher writes these when this turn of the event loop is over. */
export function inOneWrite (socket: Socket, write: () => void): void {
  socket.cork()
  try {
    write()
  } finally {
    process.nextTick(() => socket.uncork())
  }
}
