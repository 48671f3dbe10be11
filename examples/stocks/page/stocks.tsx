import type { ReactElement } from 'react'
import { useConnection, useQuotes, useSymbols } from './client.ts'
import { Curve } from './curve.tsx'

const KEPT = 60

const STATES = { connecting: 'Connecting', connected: 'Live', interrupted: 'Not connected; trying again …', closing: 'Closing', closed: 'Closed' } as const

export function Stocks (): ReactElement {
  const symbols = useSymbols()
  const state = useConnection()
  return (
    <main>
      <header>
        <h1>Stocks</h1>
        <p className='soft' role='status' data-state={state}>{STATES[state]}</p>
      </header>
      <ul>{symbols.map((symbol) => <Stock key={symbol} symbol={symbol} />)}</ul>
      <p className='soft'>
        Each stock is a topic that keeps its last value, so that a new page has all prices at once. <a href='asyncapi'>The API of this server</a>
      </p>
    </main>
  )
}

function Stock ({ symbol }: { symbol: string }): ReactElement {
  const quotes = useQuotes(symbol, KEPT)
  const last = quotes.at(-1)
  const change = last === undefined ? 0 : (last.price / last.opening - 1) * 100
  const trend = change < 0 ? 'down' : 'up'
  return (
    <li data-symbol={symbol} className={trend}>
      <b>{symbol}</b>
      <Curve values={quotes.map(({ price }) => price)} />
      <span className='price'>{last?.price.toFixed(2) ?? '–'}</span>
      <span className='change'>{trend === 'up' ? '▲' : '▼'} {Math.abs(change).toFixed(2)} %</span>
    </li>
  )
}
