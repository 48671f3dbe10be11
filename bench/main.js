// Installs the peers when they are missing, and starts the measurements.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { must, startMeasurements } from './start.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

// Output of the installation must not get into that of --json.
if (!existsSync(here('node_modules'))) must('sh', ['-c', 'npm install --no-audit --no-fund --prefix "$0" >&2', here('.')])

startMeasurements(here('run.js'), process.argv.slice(2))
