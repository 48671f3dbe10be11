import t, { type Test } from 'tap'
import { keepsNothing } from '../../support/heap.ts'
import { attachedStage, FakeHost, settled } from './support.ts'

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

t.test('K1: a session without connections: senders, waiters and readers by the hundred thousand', async (t) => {
  const { session, host, receiver } = attachedStage('websocket', new FakeHost({ inboxLimit: 1_000_000 }))
  receiver.log.push = () => 0
  session.pause()
  await keepsNothing(t, 'senders whose connection is over', { once: () => session.hold({ gone: true, bytes: 100, release () {} }) })
  session.resume()
  const listener = (): void => {}
  await keepsNothing(t, 'pauses with a sender', {
    once: async () => {
      session.pause()
      session.hold({ gone: false, bytes: 100, release () {} })
      session.resume()
    }
  })
  await keepsNothing(t, 'listeners', { once: () => { session.on('message', listener).off('message', listener).on('close', listener).off('close', listener) } })
  await keepsNothing(t, 'waits for drained() while flushes go by', {
    times: 20_000,
    once: async () => {
      receiver.slow = true
      session.send('x'.repeat(1_000))
      host.turn()
      const drained = [session.drained(), session.drained()]
      for (let i = 0; i < 3; i++) {
        session.send('y')
        host.turn()
      }
      receiver.release()
      await Promise.all(drained)
    }
  })
  const iterator = session[Symbol.asyncIterator]()
  await keepsNothing(t, 'readers', {
    once: async (i) => {
      const next = iterator.next()
      session.receive([`${i}`], 0)
      await next
    }
  })
  await settled()
  t.equal(session.state, 'open')
})
