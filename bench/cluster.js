// What several nodes cost: `node bench/cluster.js --help`. The clients of the engines are those of the repository.
import { fileURLToPath } from 'node:url'
import { startMeasurements } from './start.js'

startMeasurements(fileURLToPath(new URL('cluster/run.js', import.meta.url)), process.argv.slice(2))
