// The contract of sessions, over every transport, with connections that go to two nodes in turn: a client must not notice.
process.env.TEST_NODES = '2'

await import('../../contract/messages.test.ts')
await import('../../contract/flow.test.ts')
await import('../../contract/openings.test.ts')
await import('../../contract/endings.test.ts')
