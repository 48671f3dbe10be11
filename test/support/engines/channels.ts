import type { Check } from './contract.ts'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Publications and subscriptions. */
export function channelChecks (check: Check): void {
  check('a publication reaches every node that listens, its own node included', [], async (t, { name, nodes }) => {
    const [a, b, c] = await nodes(3)
    const inboxes = await Promise.all([a, b, b, c].map((node) => node!.listen(name('x'))))
    a.publish(name('x'), 'hello')
    for (const inbox of inboxes) t.match(await inbox.next(), { channel: name('x'), data: Buffer.from('hello') })
    b!.publish(name('x'), 'again')
    for (const inbox of inboxes) t.equal((await inbox.next()).data.toString(), 'again', 'one subscription brings each publication once')
  })

  check('publications of one node arrive in order, over several channels too', [], async (t, { name, nodes }) => {
    const senders = await nodes(3)
    const inboxes = await Promise.all(senders.map((node) => node.listen(name('>'))))
    for (const i of numbers(300)) senders.forEach((node, s) => node.publish(name(`c${i % 4}`), `${s} ${i}`))
    for (const inbox of inboxes) {
      const texts = await inbox.take(900)
      for (const s of senders.keys()) t.strictSame(texts.filter((text) => text.startsWith(`${s} `)), numbers(300).map((i) => `${s} ${i}`))
    }
  })

  check('a subscription has begun when it resolves', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    for (const i of numbers(50)) {
      const channel = name(`c${i}`)
      const inbox = await b!.listen(i % 2 === 0 ? channel : name(`c${i}`, '*'))
      a.publish(i % 2 === 0 ? channel : name(`c${i}`, 'x'), String(i))
      t.strictSame(await inbox.take(1), [String(i)])
      inbox.unsubscribe()
    }
  })

  check('a pattern has one segment for *, and one or more for >', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const patterns = ['x', 'x.*', 'x.>', 'x.*.z', '*.y', 'x.*.>', 'X', 'x-_9.y']
    const inboxes = await Promise.all(patterns.map((pattern) => b!.listen(name(pattern))))
    const end = await b!.listen(name('end'))
    const channels = ['x', 'x.y', 'x.y.z', 'x.yy.z.w', 'xx', 'xx.y', 'X', 'x-_9.y', 'xa.b.c', 'y']
    for (const channel of channels) a.publish(name(channel), channel)
    a.publish(name('end'), '')
    await end.next()
    t.strictSame(Object.fromEntries(patterns.map((pattern, i) => [pattern, inboxes[i]!.texts])), {
      x: ['x'],
      'x.*': ['x.y'],
      'x.>': ['x.y', 'x.y.z', 'x.yy.z.w'],
      'x.*.z': ['x.y.z'],
      '*.y': ['x.y', 'xx.y', 'x-_9.y'],
      'x.*.>': ['x.y.z', 'x.yy.z.w'],
      X: ['X'],
      'x-_9.y': ['x-_9.y']
    })
    for (const inbox of inboxes) for (const { channel, data } of inbox.all) t.equal(channel, name(data.toString()), 'the listener is told the channel')
  })

  check('a subscription that has ended brings nothing, and the others stay', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const [ended, pattern, stays] = [await b!.listen(name('x')), await b!.listen(name('*')), await b!.listen(name('x'))]
    a.publish(name('x'), '1')
    for (const inbox of [ended, pattern, stays]) await inbox.next()
    ended.unsubscribe()
    pattern.unsubscribe()
    ended.unsubscribe()
    a.publish(name('x'), '2')
    t.strictSame(await stays.take(1), ['2'])
    t.strictSame([ended.texts, pattern.texts], [['1'], ['1']])
    const again = await b!.listen(name('x'))
    a.publish(name('x'), '3')
    t.strictSame([await again.take(1), await stays.take(1)], [['3'], ['3']])
  })

  check('a channel begins and ends many times in a row', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    for (const i of numbers(30)) {
      // The end and the next beginning may be one turn apart, and must not overtake each other.
      const inbox = await b!.listen(name('x'))
      a.publish(name('x'), String(i))
      t.strictSame(await inbox.take(1), [String(i)])
      inbox.unsubscribe()
    }
  })

  check('a payload has bytes of every value', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i)
    // A view in the middle of a larger buffer.
    a.publish(name('x'), bytes.subarray(128, 384))
    a.publish(name('x'), Buffer.from('\r\nPUB x 3\r\nüñ\u0000\r\n'))
    t.strictSame([...(await inbox.next()).data], [...bytes.subarray(128, 384)])
    t.equal((await inbox.next()).data.toString(), '\r\nPUB x 3\r\nüñ\u0000\r\n')
  })

  check('a payload is empty, or as large as the engine takes', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const { maxPayload } = a.engine.facts
    t.ok(maxPayload >= 64 * 1024, 'an engine takes at least 64 KiB')
    const inbox = await b!.listen(name('x'))
    const largest = Buffer.alloc(maxPayload, 'abcdefg')
    a.publish(name('x'), new Uint8Array(0))
    a.publish(name('x'), largest)
    a.publish(name('x'), 'end')
    t.equal((await inbox.next()).data.byteLength, 0)
    t.ok((await inbox.next()).data.equals(largest), 'the largest payload is whole')
    t.equal((await inbox.next()).data.toString(), 'end')
  })

  check('a payload that is too large is refused, and breaks nothing', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    const { maxPayload } = a.engine.facts
    t.throws(() => a.publish(name('x'), Buffer.alloc(maxPayload + 1)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE', message: new RegExp(`${maxPayload + 1}.*${maxPayload}`) })
    a.publish(name('x'), 'next')
    t.strictSame(await inbox.take(1), ['next'])
    t.strictSame([a.reports, b!.reports], [['available'], ['available']])
  })

  check('flushed() resolves when the messaging system has all', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    for (const i of numbers(200)) a.publish(name('x'), String(i))
    await Promise.all(numbers(20).map(() => a.engine.channels.flushed()))
    await a.stop()
    t.strictSame(await inbox.take(200), numbers(200).map(String), 'the end of the sender loses nothing of it')
  })

  check('10,000 publications in one turn arrive', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    for (const i of numbers(10_000)) a.publish(name('x'), String(i))
    t.strictSame(await inbox.take(10_000), numbers(10_000).map(String))
  })

  check('two namespaces of one messaging system do not see each other', [], async (t, { name, node, nodes }) => {
    const [a] = await nodes(1)
    const others = await Promise.all(['other', `${a.engine.facts.namespace}-x`].map(async (namespace) => await (await node({ namespace })).start()))
    const mine = await a.listen(name('>'))
    await a.own(name('key'))
    for (const other of others) {
      await other.reaches('available')
      const theirs = await other.listen(name('>'))
      t.equal(await other.locate(name('key')), null)
      await other.own(name('key'))
      a.publish(name('x'), 'mine')
      other.publish(name('x'), 'theirs')
      t.strictSame([await mine.take(1), await theirs.take(1)], [['mine'], ['theirs']])
      t.equal(await a.locate(name('key')), a.node)
    }
  })
}
