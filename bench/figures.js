// Figures of another process, as Linux has them.
import { readdirSync, readFileSync } from 'node:fs'

export const figuresOf = (pid) => ({ cpu: async () => cpuOf(pid), resident: async () => residentOf(pid) })

/** CPU microseconds of all threads of a process; NaN where the system does not tell. */
export function cpuOf (pid) {
  try {
    const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000
  } catch {
    return NaN
  }
}

export function residentOf (pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(kilobytes) * 1024
}
