import { bytes, count, duration } from './format.js'
import { buttonCell, markedCell, textCell } from './list.js'

const text = (key, label, width, read = (row) => row[key]) => ({ key, label, width, cell: textCell((row) => String(read(row) ?? '')) })
const number = (key, label, width, read = (row) => count(row[key])) => ({ key, label, width, numeric: true, cell: textCell((row) => row[key] === null ? 'not known' : read(row)) })

const node = (isCluster) => isCluster ? [text('node', 'Node', 'minmax(80px, .7fr)')].map((column) => ({ ...column, sort: false })) : []

/** The signs before the states of a session. Each has a shape of its own, because colours alone tell nothing to some people. */
const MARKS = { open: '●', 'between requests': '○', suspended: '‖', closing: '×' }

/** The tables: their words, and their columns. `tools` has the functions that open and change things. */
export const TABLES = {
  sessions: (tools) => ({
    title: 'Sessions',
    noun: 'session',
    empty: 'No session is open. A row appears as soon as a client connects.',
    sort: 'age',
    columns: [
      { key: 'id', label: 'Session', width: 'minmax(110px, .8fr)', sort: false, cell: buttonCell((row) => row.id.slice(0, 8), (row) => `Details of session ${row.id}`, tools.open) },
      text('user', 'User', 'minmax(90px, 1fr)', (row) => row.user || 'anonymous'),
      text('endpoint', 'Endpoint', 'minmax(90px, 1fr)'),
      { key: 'state', label: 'State', width: '150px', cell: markedCell((row) => row.state, MARKS) },
      text('transport', 'Transport', 'minmax(120px, 1fr)'),
      text('ip', 'Address', 'minmax(110px, 1fr)'),
      number('age', 'Age', '120px', (row) => duration(row.age)),
      number('buffered', 'Buffered', '100px', (row) => bytes(row.buffered)),
      number('subscriptions', 'Subs', '80px'),
      ...node(tools.isCluster)
    ]
  }),
  topics: (tools) => ({
    title: 'Topics',
    noun: 'topic',
    empty: 'No client subscribes to a topic.',
    sort: 'subscribers',
    descending: true,
    columns: [text('destination', 'Topic', 'minmax(200px, 4fr)'), number('subscribers', 'Subscribers', '140px'), ...node(tools.isCluster)]
  }),
  queues: (tools) => ({
    title: 'Queues',
    noun: 'queue',
    empty: 'No queue has messages or consumers.',
    sort: 'messages',
    descending: true,
    columns: [
      text('destination', 'Queue', 'minmax(200px, 3fr)'),
      number('messages', 'Messages', '120px'),
      number('bytes', 'Size', '120px', (row) => bytes(row.bytes)),
      number('consumers', 'Consumers', '120px'),
      ...node(tools.isCluster)
    ]
  }),
  users: (tools) => ({
    title: 'Users',
    noun: 'user',
    empty: 'No user is signed in over STOMP.',
    sort: 'user',
    columns: [text('user', 'User', 'minmax(160px, 3fr)'), number('sessions', 'Sessions', '120px'), number('subscriptions', 'Subscriptions', '140px'), ...node(tools.isCluster)]
  }),
  presence: (tools) => ({
    title: 'Presence',
    noun: 'topic',
    empty: 'No user is present in a topic with presence.',
    sort: 'users',
    descending: true,
    columns: [
      text('topic', 'Topic', 'minmax(160px, 2fr)'), number('users', 'Users', '90px'), { ...text('names', 'Who', 'minmax(160px, 3fr)'), sort: false }, ...node(tools.isCluster)
    ]
  }),
  letters: (tools) => ({
    title: 'Dead letters',
    noun: 'letter',
    empty: 'No message was given up.',
    columns: [
      { ...text('id', 'Letter', 'minmax(90px, .6fr)'), sort: false },
      text('queue', 'Queue', 'minmax(140px, 1.5fr)'),
      text('reason', 'Reason', 'minmax(110px, 1fr)'),
      number('bytes', 'Size', '100px', (row) => bytes(row.bytes)),
      { ...text('type', 'Content type', 'minmax(120px, 1fr)'), sort: false },
      ...tools.bodies ? [{ ...text('body', 'Content', 'minmax(160px, 2fr)'), sort: false }] : [],
      ...tools.actions
        ? [{ key: 'replay', label: 'Action', width: '110px', sort: false, cell: buttonCell((row) => row.replayable ? 'Send back' : '', (row) => `Send back letter ${row.id} to ${row.queue}`, tools.replay) }]
        : [],
      ...node(tools.isCluster)
    ]
  })
}
