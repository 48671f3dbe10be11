// Starts a script of measurements with as many descriptors as the system allows and a core for each side.
import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'

export function must (command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

// The client on the last core and the servers on the first, where `taskset` can say so: who moves from core to core is slow for a while.
const START = `
  ulimit -n "$(ulimit -Hn)"
  limit=$(ulimit -n)
  [ "$limit" = unlimited ] || export BENCH_DESCRIPTORS=$limit
  last=$(($(nproc 2>/dev/null || echo 1) - 1))
  if [ "$last" -gt 0 ] && taskset -c "$last" true 2>/dev/null && taskset -c 0 true 2>/dev/null; then
    BENCH_SERVER_CORE=0 exec taskset -c "$last" "$0" "$@"
  fi
  exec "$0" "$@"`

export function startMeasurements (script, args) {
  const child = spawn('sh', ['-c', START, process.execPath, script, ...args], { stdio: 'inherit' })
  // The measurements stop all that they have started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
