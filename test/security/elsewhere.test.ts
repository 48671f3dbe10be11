import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { CATALOGUE } from './catalogue.ts'

// Cases that one server alone cannot show. Their tests stand in other rooms, and name the case in their titles.

const FOLDER = new URL('../', import.meta.url)
const RELAY = readdirSync(new URL('stomp/broker/', FOLDER)).filter((name) => /^relay-.*\.test\.ts$/.test(name)).map((name) => `stomp/broker/${name}`)

/** The titles that a case must have, by the file in which the test stands. A case of the relay has one in any of its files. */
const ENGINE: Readonly<Record<string, readonly string[]>> = {
  'cluster/node.test.ts': ['with signatures, nodes work together, and a stranger', 'with signatures, recorded batches'],
  'cluster/broadcasts.test.ts': ['garbage is dropped'],
  'cluster/members.test.ts': ['a stranger that invents nodes', 'a stranger without the secret'],
  'sockjs/remote/strangers.test.ts': ['garbage and foreign publications', 'publications that arrive twice', 'with signatures, a program that can publish'],
  'sockjs/remote/faults.test.ts': ['the engine is away for 20 seconds', 'an engine that is down at the start']
}

/** The titles of the tests of a file. */
const titlesOf = (file: string): string[] => [...readFileSync(new URL(file, FOLDER), 'utf8').matchAll(/^ *(?:t\.)?test\([`'](.*)[`'], /gm)].map(([, title]) => title!)

for (const [id, { attack, file, profile }] of CATALOGUE) {
  if (file !== 'elsewhere') continue
  t.test(`SEC-${id}: ${attack}`, async (t) => {
    if (profile === 'relay') t.ok(RELAY.flatMap(titlesOf).some((title) => title.includes(`SEC-${id}`)), `is tested in ${RELAY.join(', ')}`)
    else for (const [file, titles] of Object.entries(ENGINE)) for (const title of titles) t.ok(titlesOf(file).some((each) => each.startsWith(`SEC-${id}: ${title}`)), `${file}: ${title}`)
  })
}

t.test('the catalogue is whole', async (t) => {
  t.strictSame([...CATALOGUE.keys()].sort(), Array.from({ length: 80 }, (_, i) => `S${String(i + 1).padStart(2, '0')}`))
  const page = readFileSync(new URL('../../docs/security-cases.md', import.meta.url), 'utf8')
  for (const [id, { profile, file }] of CATALOGUE) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${id} |`)) ?? ''
    t.ok(row.includes(profile) && (file === 'elsewhere' || row.includes(file)), `${id} has its row in docs/security-cases.md`)
  }
})
