// Runs the server, and starts it again when it has crashed. After `npm run build`: node examples/words/start.js
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('server.js', import.meta.url))

let server = null
let isStopping = false

function start () {
  server = fork(SERVER)
  server.on('exit', () => { if (!isStopping) setTimeout(start, 500) })
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    isStopping = true
    server.kill(signal)
  })
}
start()
