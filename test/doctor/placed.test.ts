import t from 'tap'
import { parseTarget } from '../../protocol-tests/client/target.ts'
import { placed } from '../../protocol-tests/doctor/placed.ts'
import { remedies } from '../../protocol-tests/doctor/remedies.ts'

const CASES: readonly (readonly [name: string, url: string, path: string | undefined, origin: string | undefined, lines: readonly string[]])[] = [
  ['a service', 'https://chat.test:8443/live/chat', '/live/chat', undefined, [
    'location /live/chat {', 'path_beg /live/chat }', '(`/live/chat`)', 'handle /live/chat* {', 'path pattern /live/chat*', 'app.sockjs(\'/live/chat\', handler)',
    'sockjs-doctor https://chat.test:8443/live/chat', 'origins: [\'https://chat.test:8443\']', 'chat.test { reverse_proxy', '/etc/haproxy/chat.test.pem', 'baseUrl: \'https://chat.test:8443/live/chat\''
  ]],
  ['a service below the URL', 'http://10.0.0.7/live', '/live/sockjs', undefined, ['location /live/sockjs {', 'sockjs-doctor http://10.0.0.7/live/sockjs']],
  ['pages of another origin', 'https://chat.test/chat', '/chat', 'https://www.test', ['origins: [\'https://www.test\']', 'sockjs-doctor https://chat.test/chat']],
  ['a path without a service', 'https://chat.test/chat', undefined, undefined, ['location /chat {']],
  ['a site without a service', 'https://chat.test', undefined, undefined, ['location /echo {', 'sockjs-doctor https://chat.test/echo']],
  ['a path with a pattern of replacements', 'https://chat.test/a$&b', '/a$&b', undefined, ['location /a$&b {']]
]

for (const [name, url, path, origin, lines] of CASES) {
  t.test(`remedies name the examined path and host: ${name}`, async (t) => {
    const facts = { path, target: parseTarget(url)!, options: { idle: 0, ...(origin === undefined ? {} : { origin }) } }
    const text = Object.values(remedies).flatMap((remedy) => Object.values(placed(remedy, facts))).join('\n')
    for (const line of lines) t.ok(text.includes(line), line)
    t.notMatch(text, /app\.example/)
    if (path !== undefined) t.notMatch(text, /\/echo/)
  })
}
