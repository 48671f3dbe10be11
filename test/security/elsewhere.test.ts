import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { CATALOGUE } from './catalogue.ts'

// Cases that no server of ours can show alone. Each is named here, and says out loud where it is, or that it is not yet.

const folder = new URL('../stomp/broker/', import.meta.url)
const relayTests = readdirSync(folder).filter((name) => /^relay-.*\.test\.ts$/.test(name))
const sources = relayTests.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n')

for (const [id, { attack, file, profile }] of CATALOGUE) {
  if (file !== 'elsewhere') continue
  const name = `SEC-${id}: ${attack}`
  if (profile === 'engine (not yet)') t.test(name, { todo: 'there is no engine for several processes yet' }, async () => {})
  else t.test(name, async (t) => { t.ok(sources.includes(`SEC-${id}`), `is tested in ${relayTests.join(', ')}`) })
}

t.test('the catalogue is whole', async (t) => {
  t.strictSame([...CATALOGUE.keys()].sort(), Array.from({ length: 80 }, (_, i) => `S${String(i + 1).padStart(2, '0')}`))
  const page = readFileSync(new URL('../../docs/security-cases.md', import.meta.url), 'utf8')
  for (const [id, { profile, file }] of CATALOGUE) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${id} |`)) ?? ''
    t.ok(row.includes(profile) && (file === 'elsewhere' || row.includes(file)), `${id} has its row in docs/security-cases.md`)
  }
})
