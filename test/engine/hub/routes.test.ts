import t from 'tap'
import { Routes } from '../../../src/engine/hub/routes.ts'

t.test('a channel finds the subscribers of its name and of each pattern, each once', async (t) => {
  const routes = new Routes<string>()
  t.equal(routes.add('a.b', 'one'), true)
  t.equal(routes.add('a.b', 'two'), false)
  t.strictSame([...routes.find('a.b')], ['one', 'two'])
  routes.add('a.*', 'two')
  routes.add('a.>', 'three')
  t.strictSame([...routes.find('a.b')], ['one', 'two', 'three'])
  t.strictSame([...routes.find('a.b.c')], ['three'])
  t.strictSame([...routes.find('b')], [])
  t.strictSame(routes.channels, ['a.b', 'a.*', 'a.>'])
})

t.test('the last subscriber of a name leaves nothing behind', async (t) => {
  const routes = new Routes<string>()
  for (const channel of ['a', 'a.*']) {
    routes.add(channel, 'one')
    routes.add(channel, 'two')
    t.equal(routes.delete(channel, 'one'), false)
    t.equal(routes.delete(channel, 'one'), false)
    t.equal(routes.delete(channel, 'two'), true)
    t.equal(routes.delete(channel, 'two'), false)
  }
  t.strictSame(routes.channels, [])
})

t.test('subscribers that come and go during a publication do not change it', async (t) => {
  const routes = new Routes<string>()
  routes.add('a', 'one')
  routes.add('a', 'two')
  const found: string[] = []
  for (const each of routes.find('a')) {
    found.push(each)
    routes.delete('a', 'two')
    routes.add('a', each + '!')
  }
  t.strictSame(found, ['one', 'two'])
})
