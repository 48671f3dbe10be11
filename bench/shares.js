// `node bench/shares.js DIR`: where the time of servers went, from the profiles that `npm run bench -- --profile DIR` has written.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The first that fits; what has no URL is native. */
const AREAS = [
  ['writing to sockets', ({ functionName, url }) => url === '' && /^write/.test(functionName)],
  ['garbage collection', ({ functionName }) => functionName === '(garbage collector)'],
  ['this package', ({ url }) => /\/dist\//.test(url) && !/node_modules/.test(url)],
  ['ws', ({ url }) => /node_modules\/ws\//.test(url)],
  ['Fastify', ({ url }) => /node_modules\/(fastify|find-my-way|@fastify|toad-cache|secure-json-parse)\//.test(url)],
  ['Node', ({ url }) => url.startsWith('node:')],
  ['native code', ({ url }) => url === ''],
  ['other', () => true]
]

/** What a process does before it is warm is no part of a message. */
const WARM = 0.5

function sharesOf (file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'))
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const shares = new Map(AREAS.map(([area]) => [area, 0]))
  let busy = 0
  for (let i = Math.floor(samples.length * WARM); i < samples.length; i++) {
    const frame = frames.get(samples[i])
    if (frame.functionName === '(idle)') continue
    const [area] = AREAS.find(([, fits]) => fits(frame))
    shares.set(area, shares.get(area) + timeDeltas[i])
    busy += timeDeltas[i]
  }
  return AREAS.map(([area]) => shares.get(area) / busy)
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node bench/shares.js DIR')
  process.exit(2)
}
console.log(`| profile | ${AREAS.map(([area]) => area).join(' | ')} |\n| --- |${' ---: |'.repeat(AREAS.length)}`)
for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile')).sort()) {
  const cells = sharesOf(join(folder, file)).map((share) => `${Math.round(share * 100)} %`)
  console.log(`| ${basename(file, '.cpuprofile')} | ${cells.join(' | ')} |`)
}
