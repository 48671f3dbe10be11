// Starts `serve`, the file that the first argument names, looks at it, and tells it to end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const child = spawn(process.execPath, [process.argv[2], 'serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
const [line] = await once(child.stdout, 'data')
const url = /http:\S+/.exec(line)[0]
const [page, script, echo] = await Promise.all(['/', '/main.js', '/echo'].map((path) => fetch(url + path)))
const facts = { page: page.status, script: script.status, echo: await echo.text() }
child.kill('SIGTERM')
const [code] = await once(child, 'exit')
console.log(JSON.stringify({ ...facts, code }))
