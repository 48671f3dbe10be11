import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('../../scripts/check-versions.js', import.meta.url))

function check (...args: string[]): { status: number | null, stdout: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
}

t.test('what is installed is not below the minimum versions', async (t) => {
  const { status, stdout } = check()
  t.equal(status, 0, stdout)
})

t.test('a version below its minimum fails, and so does a package that is not there', async (t) => {
  const rows = [['ws', '99.0.0', /BELOW node_modules\/ws /], ['ws', '8.999.0', /BELOW/], ['no-such-package', '1.0.0', /MISSING/]] as const
  for (const [name, minimum, expected] of rows) {
    const dir = t.testdir({ 'table.json': JSON.stringify([{ name, minimum, reason: 'a test' }]) })
    const { status, stdout } = check(`${dir}/table.json`)
    t.equal(status, 1)
    t.match(stdout, expected)
  }
})
