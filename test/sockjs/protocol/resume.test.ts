import { test } from 'tap'
import { confirmationFrame, isCut, NOT_RESUMED, readConfirmation, readCount, readResume, tokenFrame } from '../../../src/sockjs/protocol/index.ts'

const TOKEN = 'AAECAwQFBgcICQoLDA0ODw'

test('the frames of a session that can be resumed', async (t) => {
  t.equal(tokenFrame(TOKEN, 0).text, 'r["AAECAwQFBgcICQoLDA0ODw",0]')
  t.equal(tokenFrame(TOKEN, 12).bytes, 29 + 1)
  t.equal(confirmationFrame(64).text, 'r[64]')
  t.equal(confirmationFrame(64).bytes, 5)
  t.equal(NOT_RESUMED.text, 'r[]')
  t.equal(NOT_RESUMED.bytes, 3)
})

test('the parameter resume', async (t) => {
  for (const none of [undefined, null, 1, ['1', '1'], {}]) t.equal(readResume(none), null)
  t.equal(readResume('1'), 'new')
  t.strictSame(readResume(`${TOKEN}.0`), { token: TOKEN, count: 0 })
  t.strictSame(readResume(`${TOKEN}.12345678901234`), { token: TOKEN, count: 12345678901234 })
  for (const broken of ['', '0', '2', TOKEN, `${TOKEN}.`, `${TOKEN}.01`, `${TOKEN}.-1`, `${TOKEN}.1e3`, `${TOKEN}.1.1`, `${TOKEN}.123456789012345`, `${TOKEN}x.1`, `${TOKEN.slice(1)}.1`, `${TOKEN.slice(1)}=.1`]) {
    t.strictSame(readResume(broken), { token: '', count: 0 }, JSON.stringify(broken))
  }
})

test('the codes of a WebSocket whose client comes back', async (t) => {
  for (const code of [1001, 1006, 4900]) t.equal(isCut(code), true, String(code))
  for (const code of [1000, 1002, 1005, 3000, 4000]) t.equal(isCut(code), false, String(code))
})

test('the confirmations of a client', async (t) => {
  t.equal(readCount('0'), 0)
  t.equal(readCount('64'), 64)
  for (const none of [undefined, ['1'], '', '-1', '01', ' 1', '1.5', '123456789012345']) t.equal(readCount(none), null)
  t.equal(readConfirmation('r0'), 0)
  t.equal(readConfirmation('r640'), 640)
  for (const none of ['r', 'r-1', 'r01', 'r1 ', 'R1', '["r1"]', '"r1"', 'r123456789012345']) t.equal(readConfirmation(none), null)
})
