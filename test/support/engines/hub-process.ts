// A hub in a process of its own, for tests: `hub-process.ts <path> <namespace>`. It says when it listens.
import { startHub } from '../../../src/hub.ts'

const [path, namespace] = process.argv.slice(2) as [string, string]
await startHub({ path, namespace })
process.send!('listens')
process.once('disconnect', () => process.exit())
