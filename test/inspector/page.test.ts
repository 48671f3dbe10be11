import t from 'tap'

/** The modules of the page that need no browser. */
const page = async (name: string) => await import(new URL(`../../src/inspector/page/${name}.js`, import.meta.url).href)

interface Sample { readonly opened: number, readonly count: number }

const count = (numbers: Sample): number => numbers.count

t.test('rates are worked out between two samples', async (t) => {
  const { History } = await page('history')
  const history = new History()
  t.equal(history.last, null)
  t.equal(history.rate(count), null)
  t.strictSame(history.rates(count), [])
  history.add(1_000, { opened: 1, count: 10 })
  t.equal(history.rate(count), null, 'one sample has no rate')
  history.add(3_000, { opened: 1, count: 50 })
  t.equal(history.rate(count), 20)
  t.strictSame(history.rates(count), [[3_000, 20]])
  t.strictSame(history.values(count), [[1_000, 10], [3_000, 50]])
  history.add(4_000, { opened: 1, count: 40 })
  t.equal(history.rates(count).at(-1)[1], 0, 'a number that falls has no rate below zero')
})

t.test('a server that counts less has started again, and old samples go', async (t) => {
  const { History } = await page('history')
  const history = new History()
  history.add(1_000, { opened: 9, count: 10 })
  history.add(2_000, { opened: 0, count: 1 })
  t.equal(history.samples.length, 1)
  for (let second = 3; second < 1_000; second++) history.add(second * 1_000, { opened: 0, count: second })
  t.ok(history.samples.length <= 306 && history.samples.length >= 300, 'the memory is bounded')
  t.strictSame([history.span(999_000), new History().span(5)], [300_000, 60_000])
})

t.test('the steps of an axis', async (t) => {
  const { ticksOf } = await page('charts')
  t.strictSame(ticksOf(0), [0, 1])
  t.strictSame(ticksOf(10), [0, 5, 10])
  t.strictSame(ticksOf(50_039), [0, 20_000, 40_000, 60_000])
  t.strictSame(ticksOf(0.3), [0, 0.1, 0.2, 0.3])
  for (const most of [1e-9, 0.7, 3, 99, 101, 12_345, 1e12]) {
    const ticks = ticksOf(most)
    t.ok(ticks.at(-1) >= most && ticks.length <= 7 && new Set(ticks).size === ticks.length, String(most))
  }
})

t.test('percentiles of buckets', async (t) => {
  const { percentile } = await page('routes')
  const bounds = [1, 2, 4]
  t.equal(percentile([0, 0, 0, 0], bounds, 0.5), null)
  t.equal(percentile([10, 0, 0, 0], bounds, 0.5), 0.5)
  t.equal(percentile([0, 0, 10, 0], bounds, 0.5), 3)
  t.equal(percentile([50, 40, 10, 0], bounds, 0.99), 3.8)
  t.equal(percentile([0, 0, 0, 5], bounds, 0.5), 4, 'the last bucket has no bound above')
})

t.test('numbers, bytes and times for people', async (t) => {
  const format = await page('format')
  t.strictSame([0, 1.25, 9.99, 99.6, 9_999, 12_345, 1_234_567, 5e9].map(format.short), ['0', '1.3', '10', '100', '9,999', '12.3k', '1.2M', '5G'])
  t.strictSame([0, 1023, 1536, 1024 ** 2 * 20, 1024 ** 4 * 3000].map(format.bytes), ['0 B', '1,023 B', '1.5 KiB', '20 MiB', '3,000 TiB'])
  t.strictSame([-5, 999, 61_000, 3_700_000, 90_000_000].map(format.duration), ['0 s', '0 s', '1 min 1 s', '1 h 1 min', '1 d 1 h'])
  t.strictSame([null, 0.0024, 1.5].map(format.latency), ['–', '2.4 ms', '1.5 s'])
  t.strictSame([0, 61_000].map(format.ago), ['0:00', '1:01'])
  t.equal(format.words('slow_consumer'), 'slow consumer')
})
