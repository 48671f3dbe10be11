import { FrameHeaders } from '../../codec/index.ts'
import type { BrokerDeadLetter, BrokerInspection } from '../inspection.ts'
import type { Publication } from '../publication.ts'
import type { Exchange } from './exchange.ts'

/** The headers of a letter that its message did not have. An expired message would expire once more by its own header. */
const OF_THE_LETTER = ['destination', 'message-id', 'original-destination', 'x-death-reason', 'expires'] as const

/** Shows the content of the embedded broker. */
export function inspectMemory (exchange: Exchange): BrokerInspection {
  const { topics, queues, settings } = exchange
  return {
    topics: () => topics.inspect(settings.destinations.separator),
    queues: () => queues.inspect(),
    deadLetters: () => letters(exchange),
    unknown: [],
    replay: (id) => replay(exchange, id)
  }
}

function * letters ({ queues }: Exchange): Iterable<BrokerDeadLetter> {
  for (const { publication, size } of queues.deadLetters?.waiting ?? []) {
    const { id, headers, body } = publication
    yield { id, queue: headers.get('original-destination')!, reason: headers.get('x-death-reason')!, bytes: size, headers, body }
  }
}

/** Sends a letter to its queue. If that refuses it, the letter stays where it is. */
function replay (exchange: Exchange, id: string): boolean {
  const letter = find(exchange, id)
  if (letter === undefined) return false
  const { serialQueue, queues } = exchange
  try {
    const headers = new FrameHeaders(letter.headers)
    for (const name of OF_THE_LETTER) headers.delete(name)
    const { deliver } = exchange.accept({ destination: letter.headers.get('original-destination')!, headers, body: letter.body }, null)
    queues.deadLetters!.takeOut(id)
    serialQueue.defer(deliver)
    return true
  } finally {
    serialQueue.run()
  }
}

function find ({ queues }: Exchange, id: string): Publication | undefined {
  for (const { publication } of queues.deadLetters?.waiting ?? []) if (publication.id === id) return publication
  return undefined
}
