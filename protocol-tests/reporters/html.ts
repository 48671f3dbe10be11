/** One page without scripts or other files: totals, what failed, and the matrix of rules and transports. */
import { suites } from '../catalogue.ts'
import { ways } from '../runner/select.ts'
import type { Report, Result, Verdict } from '../types.ts'
import { countOf, describeFailure, describeTotals, describeLoss, idsByReason, seconds, unjudged } from './describe.ts'
import { escapeMarkup as e } from './escape.ts'

const classes: Record<Verdict, string> = { passed: 'passed', failed: 'failed', deviation: 'deviation', 'not applicable': 'absent', 'not run': 'cut' }
const worst: readonly Verdict[] = ['failed', 'deviation', 'passed', 'not run', 'not applicable']
const general = 'general'
const headline = { 'not applicable': 'Not applicable', 'not run': 'Not run' } as const

const style = `
:root { color-scheme: light dark; --passed: #2e9e5b; --failed: #d1383d; --deviation: #d99a1c; --absent: #8a919c; --cut: #4f7fc0; --line: #8884; --soft: #8882 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin-bottom: .25rem } h2 { font-size: 1.15rem; margin-top: 2.25rem } h3 { font-size: 1rem; margin: 1.75rem 0 .5rem }
.bar { display: flex; height: .75rem; border-radius: .4rem; overflow: hidden; margin: 1rem 0 } .bar span { min-width: 2px }
.passed { --colour: var(--passed) } .failed { --colour: var(--failed) } .deviation { --colour: var(--deviation) } .absent { --colour: var(--absent) } .cut { --colour: var(--cut) }
.loss { border-left: .3rem solid var(--colour); padding: .2rem 0 .2rem 1rem }
.bar span { background: var(--colour) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: baseline }
thead th { font-weight: 600; font-size: .82rem; white-space: nowrap } tbody th { font: 600 .85rem ui-monospace, monospace; white-space: nowrap }
td.cell { min-width: 4.8rem } td.level { white-space: nowrap } td.rule { min-width: 18rem }
.mark { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin: .2rem .15rem 0 0; background: var(--colour) }
.absent.mark, .cut.mark { background: none; border: 1px solid var(--colour); box-sizing: border-box }
article { border-left: .3rem solid var(--colour); padding: .1rem 0 .1rem 1rem; margin: 1rem 0 }
article p { margin: .2rem 0 } code, pre { font: .85rem/1.5 ui-monospace, monospace } pre { background: var(--soft); padding: .6rem .8rem; border-radius: .4rem; overflow-x: auto; margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
.muted { opacity: .7 } time { white-space: nowrap }
.legend > span { display: inline-block; margin-right: 1.5rem } .legend .mark { margin-right: .4rem; vertical-align: -.05rem }
@media (max-width: 40rem) { th, td { padding: .25rem .35rem; font-size: .9rem } td.rule { min-width: 9rem } td.cell { min-width: 2.2rem } .mark { margin-right: .05rem } }`

/** `SockJS: Session rules`, where the result only names the file. */
const headings = new Map(suites.flatMap((suite) => suite.sections.map((section) => [`${suite.name}.${section.name}`, `${suite.title}: ${section.title}`])))

const troubles: readonly Verdict[] = ['failed', 'deviation']

/** What went wrong is a link to how. */
function mark ({ verdict, id, title, failure, reason }: Result): string {
  const [open, close] = troubles.includes(verdict) ? [`a href="#${e(id)}"`, 'a'] : ['span', 'span']
  const words = [`${id}: ${title}. ${verdict}`, reason, failure?.what].filter((part) => part !== undefined).join(', ')
  return `<${open} class="mark ${classes[verdict]}" title="${e(words)}"></${close}>`
}

function failureArticle (result: Result): string {
  return `<article class="${classes[result.verdict]}" id="${e(result.id)}"><p><strong>${e(result.id)}</strong> ${e(result.title)}</p>` +
    `<p class="muted">${e(result.verdict)} · level ${result.level} · ${e(result.clause)}</p>` +
    (result.failure === undefined ? '' : `<pre>${e(describeFailure(result.failure, ''))}</pre>`) + '</article>'
}

function row (id: string, results: readonly Result[], columns: readonly string[]): string {
  const cells = columns.map((column) => `<td class="cell">${results.filter(({ transport }) => (transport ?? general) === column).map(mark).join('')}</td>`)
  const titles = [...new Set(results.map(({ title }) => title))]
  const rest = titles.length > 1 ? ` <span class="muted">and ${titles.length - 1} more</span>` : ''
  return `<tr><th scope="row">${e(id)}</th><td class="rule">${e(titles[0] ?? '')}${rest}</td><td class="level">${[...new Set(results.map(({ level }) => level))].join(' ')}</td>${cells.join('')}</tr>`
}

function matrix (section: string, results: readonly Result[]): string {
  const columns = [general, ...ways].filter((column) => results.some(({ transport }) => (transport ?? general) === column))
  const rows = [...new Set(results.map(({ id }) => id.split('.')[0] ?? id))]
  const head = ['rule', 'statement', 'level', ...columns].map((name) => `<th scope="col">${e(name)}</th>`).join('')
  const body = rows.map((id) => row(id, results.filter((result) => result.id.split('.')[0] === id), columns)).join('\n')
  return `<h3>${e(section)}</h3><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`
}

export function html (report: Report): string {
  const { results, totals } = report
  const told = troubles.flatMap((trouble) => results.filter(({ verdict }) => verdict === trouble))
  const loss = describeLoss(report)
  const without = unjudged.map((verdict) => {
    const reasons = [...idsByReason(report, verdict)].map(([reason, ids]) => `<li>${e(countOf(ids))}: ${e(reason)}</li>`)
    return reasons.length === 0 ? '' : `<h2>${headline[verdict]}</h2>\n<ul>${reasons.join('')}</ul>`
  })
  const sections = [...new Set(results.map(({ suite, section }) => `${suite}.${section}`))]
  const bar = worst.filter((verdict) => totals[verdict] > 0).map((verdict) => `<span class="${classes[verdict]}" style="flex:${totals[verdict]}"></span>`).join('')
  const legend = worst.map((verdict) => `<span><span class="mark ${classes[verdict]}"></span>${verdict}</span>`).join('')
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance of ${e(report.url)}</title><style>${style}</style></head><body>
<h1>${report.ok ? 'Conforms' : 'Does not conform'}: ${e(report.url)}</h1>
<p>${e(describeTotals(report))} in ${seconds(report.milliseconds)}. <span class="muted"><time datetime="${e(report.started)}">${e(report.started.replace(/T(\d+:\d+).*/, ' $1 UTC'))}</time>${report.strict ? ', strict' : ''}</span></p>
${loss === undefined ? '' : `<p class="loss failed">${e(loss)}</p>\n`}<div class="bar">${bar}</div><p class="legend">${legend}</p>
${report.leftOut.map(({ suite, reason }) => `<p>The suite ${e(suite)} was not run: ${e(reason)}.</p>`).join('')}
${told.length > 0 ? `<h2>Failures and deviations</h2>\n${told.map(failureArticle).join('\n')}` : ''}
${without.join('\n')}
<h2>Matrix</h2><p class="muted">One mark for each case; point at it for its name${told.length > 0 ? ', follow it to what went wrong' : ''}.</p>
${sections.map((section) => matrix(headings.get(section) ?? section, results.filter((result) => `${result.suite}.${result.section}` === section))).join('\n')}
</body></html>
`
}
