// Runs programs one after the other in this process, which was forked, and reports whether each came to listen.
// Whatever port they name, the system picks another.
import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { pathToFileURL } from 'node:url'

const PATIENCE = 10_000

const require = createRequire(import.meta.url)
const listen = Server.prototype.listen
let servers = []
let told = () => {}

Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'number') args[0] = 0
  else args[0] = { ...args[0], port: 0 }
  servers.push(this)
  this.once('listening', () => told())
  return listen.apply(this, args)
}

let failed = () => {}
process.on('uncaughtException', (error) => failed(error))
process.on('unhandledRejection', (error) => failed(error))

async function run (file) {
  servers = []
  const listening = new Promise((resolve, reject) => {
    told = resolve
    failed = reject
    setTimeout(() => reject(new Error(`did not listen within ${PATIENCE} ms`)), PATIENCE).unref()
  })
  try {
    await Promise.all([listening, file.endsWith('.cjs') ? require(file) : import(pathToFileURL(file).href)])
    return null
  } catch (error) {
    return error?.stack ?? String(error)
  } finally {
    for (const server of servers) server.close()
  }
}

for (const file of process.argv.slice(2)) {
  const problem = await run(file)
  await new Promise((resolve) => process.send({ file, problem }, resolve))
}
process.exit(0)
