import t from 'tap'
import { labelled, merged } from '../../examples/demo/src/metrics.ts'

const text = (a: number): string => `# HELP a_total Things. It has "{x} 1".\n# TYPE a_total counter\na_total{k="v w"} ${a}\na_total 1e-7\n# HELP b Others.\n# TYPE b gauge\nb{le="+Inf"} 0\n`

t.test('the metrics of several workers are one text, in which each sample names its node', async (t) => {
  t.equal(merged([labelled(text(1), 'worker-1'), labelled(text(2), 'worker-2')]), [
    '# HELP a_total Things. It has "{x} 1".',
    '# TYPE a_total counter',
    'a_total{node="worker-1",k="v w"} 1',
    'a_total{node="worker-1"} 1e-7',
    'a_total{node="worker-2",k="v w"} 2',
    'a_total{node="worker-2"} 1e-7',
    '# HELP b Others.',
    '# TYPE b gauge',
    'b{node="worker-1",le="+Inf"} 0',
    'b{node="worker-2",le="+Inf"} 0',
    ''
  ].join('\n'))
})
