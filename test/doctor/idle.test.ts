import t from 'tap'
import { hasTalked } from '../../protocol-tests/doctor/checks/idle.ts'

t.test('a connection that was cut while it talked proves an age, and one that came to no word proves nothing', async (t) => {
  const silent = { age: 2600, silence: 2500, cut: 'cut', closed: undefined, beats: [], gap: 2500, dead: false }
  t.ok(hasTalked({ ...silent, silence: 300, gap: 600 }, silent))
  t.ok(hasTalked({ ...silent, cut: undefined }, silent), 'it was not cut')
  t.notOk(hasTalked({ ...silent, silence: 300, gap: 2400 }, silent), 'it wrote too late')
  t.notOk(hasTalked({ ...silent, silence: 2450, gap: 600 }, silent), 'it was answered too late')
})
