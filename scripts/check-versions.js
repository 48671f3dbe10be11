// Compares every installed copy of the packages in a table with its minimum: `check-versions.js [table.json]`. Needs no network: an audit
// of the registry may not be there to ask.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const table = read(process.argv[2] ?? here('minimum-versions.json'))
const { packages } = read(here('../node_modules/.package-lock.json'))

function isBelow (version, minimum) {
  const [left, right] = [version, minimum].map((text) => text.split(/[.-]/, 3).map(Number))
  const at = left.findIndex((part, i) => part !== right[i])
  // A version before a release is below it.
  return at < 0 ? version.includes('-') : left[at] < right[at]
}

let failed = false
for (const { name, minimum, reason } of table) {
  const copies = Object.entries(packages).filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))
  if (copies.length === 0) {
    console.log(`MISSING ${name}`)
    failed = true
  }
  for (const [path, { version, dev = false }] of copies) {
    const below = isBelow(version, minimum)
    // A copy inside a tool of development never answers a client.
    const tolerated = below && dev && path !== `node_modules/${name}`
    failed ||= below && !tolerated
    const verdict = tolerated ? 'development only: ' : below ? 'BELOW ' : ''
    console.log(`${verdict}${path} ${version}, at least ${minimum}${below ? `: ${reason}` : ''}`)
  }
}
process.exitCode = failed ? 1 : 0
