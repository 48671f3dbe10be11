// Installs the peers when they are missing, and starts the measurements with as many descriptors as the system allows.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

function must (command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

// Output of the installation must not get into that of --json.
if (!existsSync(here('node_modules'))) must('sh', ['-c', 'npm install --no-audit --no-fund --prefix "$0" >&2', here('.')])

const RAISED = 'ulimit -n "$(ulimit -Hn)"; limit=$(ulimit -n); [ "$limit" = unlimited ] && limit=; BENCH_DESCRIPTORS=$limit exec "$0" "$@"'
must('sh', ['-c', RAISED, process.execPath, here('run.js'), ...process.argv.slice(2)])
