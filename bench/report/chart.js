import { init } from 'echarts'

const ROW = 22
/** Longer bars are cut, so that the short ones can be read; their labels have the ratio. */
const LONGEST = 4
const MARGIN = { top: 60, right: 60, bottom: 40, left: 430 }

/** One bar for each peer and workload: what ours costs when the peer's cost is 1. Left of the line ours is cheaper. */
export function chart (results) {
  const bars = results.flatMap(({ name, rows }) => rows.slice(1).map((row) => ({ label: `${name}: ${row.name}`, ratio: row.ratio })))
  const picture = init(null, null, { renderer: 'svg', ssr: true, width: 1000, height: bars.length * ROW + MARGIN.top + MARGIN.bottom })
  picture.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: 'Cost of fastify-sockjs, each peer is 1', left: 'center', top: 10 },
    grid: MARGIN,
    xAxis: { type: 'value', min: 0, max: LONGEST },
    yAxis: { type: 'category', inverse: true, data: bars.map(({ label }) => label), axisLabel: { interval: 0 }, axisTick: { show: false } },
    series: [{
      type: 'bar',
      data: bars.map(({ ratio }) => ({ value: Number(Math.min(ratio, LONGEST).toFixed(2)), itemStyle: { color: ratio <= 1 ? '#2a7f62' : '#b5533c' } })),
      label: { show: true, position: 'right', formatter: ({ dataIndex }) => bars[dataIndex].ratio.toFixed(2) },
      markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: '#333' }, data: [{ xAxis: 1 }] }
    }]
  })
  const svg = picture.renderToSVGString()
  picture.dispose()
  return svg
}
