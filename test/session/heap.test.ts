import t, { type Test } from 'tap'
import { keepsNothing } from '../support/heap.ts'

/** Notes what a test would have been told. */
function witness (): { t: Test, verdicts: boolean[] } {
  const verdicts: boolean[] = []
  return { t: { ok: (verdict: boolean) => verdicts.push(verdict) } as unknown as Test, verdicts }
}

t.test('K1: the helper sees 50 bytes of each that stay, and nothing where nothing stays', async (t) => {
  const kept: object[] = []
  const leak = witness()
  await keepsNothing(leak.t, 'kept', { once: (i) => { kept.push({ i, at: i }) } })
  t.strictSame(leak.verdicts, [false])
  const clean = witness()
  await keepsNothing(clean.t, 'dropped', { once: (i) => { JSON.stringify({ i, at: i }) } })
  t.strictSame(clean.verdicts, [true])
})
