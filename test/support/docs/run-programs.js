// Runs programs one after the other in this process, which was forked, and reports whether each came to listen.
// Whatever port they name, the system picks another; they go on until the process ends.
import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { pathToFileURL } from 'node:url'

const PATIENCE = 60_000

const require = createRequire(import.meta.url)
const listen = Server.prototype.listen
let listening = () => {}
let failed = () => {}

Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'number') args[0] = 0
  else args[0] = { ...args[0], port: 0 }
  this.once('listening', () => listening())
  return listen.apply(this, args)
}

process.on('uncaughtException', (error) => failed(error))
process.on('unhandledRejection', (error) => failed(error))

async function run (file) {
  const started = new Promise((resolve, reject) => {
    listening = resolve
    failed = reject
    setTimeout(() => reject(new Error(`did not listen within ${PATIENCE} ms`)), PATIENCE).unref()
  })
  try {
    await Promise.all([started, file.endsWith('.cjs') ? require(file) : import(pathToFileURL(file).href)])
    return null
  } catch (error) {
    return error?.stack ?? String(error)
  }
}

for (const file of process.argv.slice(2)) {
  const problem = await run(file)
  await new Promise((resolve) => process.send({ file, problem }, resolve))
}
process.exit(0)
