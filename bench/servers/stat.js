/** What a server has used so far; started with --expose-gc, so that memory is what it really keeps. */
export function stat () {
  globalThis.gc()
  globalThis.gc()
  return { cpu: process.cpuUsage(), memory: process.memoryUsage() }
}
