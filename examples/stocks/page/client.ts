import { useEffect, useState, useSyncExternalStore } from 'react'
import { connectStomp, type StompState } from 'fastify-sockjs/client/stomp'
import { contract, type Quote } from '../contract.ts'

/** The connection of the page. Destinations, parameters and bodies have the types of the contract. */
const client = connectStomp('/stomp', { contract })

function onState (changed: () => void): () => void {
  const events = ['connected', 'interrupted', 'closed'] as const
  for (const event of events) client.addEventListener(event, changed)
  return () => { for (const event of events) client.removeEventListener(event, changed) }
}

/** The state of the connection. */
export function useConnection (): StompState {
  return useSyncExternalStore(onState, () => client.state)
}

/** The symbols of all stocks. */
export function useSymbols (): readonly string[] {
  const [symbols, setSymbols] = useState<readonly string[]>([])
  useEffect(() => {
    const answers = client.subscribe('/app/symbols', {}, ({ body }) => setSymbols(body))
    return () => answers.unsubscribe()
  }, [])
  return symbols
}

/** The last quotes of a stock, at most `count` of them. The first one comes at once. */
export function useQuotes (symbol: string, count: number): readonly Quote[] {
  const [quotes, setQuotes] = useState<readonly Quote[]>([])
  useEffect(() => {
    const stream = client.subscribe('/topic/quotes/:symbol', { params: { symbol } })
    async function read (): Promise<void> {
      for await (const { body } of stream) setQuotes((earlier) => [...earlier, body].slice(-count))
    }
    read().catch(reportError)
    return () => stream.unsubscribe()
  }, [symbol, count])
  return quotes
}
