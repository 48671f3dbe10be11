import type { ReactElement } from 'react'

const WIDTH = 100
const HEIGHT = 30

/** A line through some values, the newest at the right. */
export function Curve ({ values }: { values: readonly number[] }): ReactElement {
  const low = Math.min(...values)
  const range = Math.max(...values) - low || 1
  const step = WIDTH / Math.max(values.length - 1, 1)
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${(HEIGHT - (value - low) / range * HEIGHT).toFixed(1)}`)
  return (
    <svg viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio='none' aria-hidden='true'>
      <polyline points={points.join(' ')} />
    </svg>
  )
}
