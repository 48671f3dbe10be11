import { init } from 'echarts'

const PLOT = { width: 560, height: 320, margin: 70 }
const COLOURS = ['#2a7f62', '#b5533c', '#33608a', '#8a6d1f', '#6b4a8f']
const IN_A_ROW = 2

/** One plot for each family: the cost of a message against the number that grows, both by powers of ten. */
export function growthChart (results) {
  const families = [...new Set(results.map(({ growing }) => growing))].map((growing) => [growing, results.filter((result) => result.growing === growing)])
  const rows = Math.ceil(families.length / IN_A_ROW)
  const names = [...new Set(results.flatMap(({ rows }) => rows.map(({ name }) => name)))]
  const picture = init(null, null, { renderer: 'svg', ssr: true, width: PLOT.width * IN_A_ROW, height: PLOT.height * rows + PLOT.margin })
  const at = (i) => ({ left: (i % IN_A_ROW) * PLOT.width, top: Math.floor(i / IN_A_ROW) * PLOT.height + PLOT.margin })
  picture.setOption({
    animation: false,
    backgroundColor: '#fff',
    color: COLOURS,
    title: families.map(([growing], i) => ({ text: `us of CPU by ${growing}`, textStyle: { fontSize: 14 }, left: at(i).left + PLOT.margin, top: at(i).top - 10 })),
    legend: { data: names, top: 10 },
    grid: families.map((_, i) => ({ left: at(i).left + PLOT.margin, top: at(i).top + 30, width: PLOT.width - 2 * PLOT.margin, height: PLOT.height - 100 })),
    xAxis: families.map((_, gridIndex) => ({ type: 'log', gridIndex })),
    yAxis: families.map((_, gridIndex) => ({ type: 'log', gridIndex })),
    series: families.flatMap(([, members], i) => names.map((name) => ({
      name,
      type: 'line',
      xAxisIndex: i,
      yAxisIndex: i,
      data: members.flatMap(({ value, rows }) => rows.filter((row) => row.name === name).map(({ cost }) => [value, Number(cost.toPrecision(3))]))
    })))
  })
  const svg = picture.renderToSVGString()
  picture.dispose()
  return svg
}
