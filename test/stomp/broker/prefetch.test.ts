import t from 'tap'
import { askedPrefetch } from '../../../src/stomp/broker/prefetch.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'

const asked = (value: string): number | undefined => askedPrefetch(FrameHeaders.from({ 'prefetch-count': value }))

t.test('STOMP-A1: prefetch-count is a number of messages, and 0 in every spelling asks for no limit', async (t) => {
  t.equal(askedPrefetch(new FrameHeaders()), undefined)
  for (const [value, limit] of [['1', 1], ['007', 7], ['999999999', 999_999_999], ['0', undefined], ['00', undefined]] as const) t.equal(asked(value), limit, value)
  for (const wrong of ['', '-1', '1.5', '1e3', 'many', ' 1', '1000000000']) t.throws(() => asked(wrong), { code: 'STOMP_INVALID_HEADER', fatal: false }, wrong)
})
