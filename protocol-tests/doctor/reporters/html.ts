import { seconds } from '../../reporters/describe.ts'
import { escapeMarkup as e } from '../../reporters/escape.ts'
import { products } from '../remedies.ts'
import type { CheckResult, Diagnosis } from '../types.ts'
import { conclusion, describeTotals, findingsOf, nameOf, remediesOf } from './order.ts'
import type { Told } from './order.ts'
import { marks } from './text.ts'

const style = `
:root { color-scheme: light dark; --healthy: #2e9e5b; --error: #d1383d; --warning: #b97a00; --note: #4f7fc0; --absent: #8a919c; --line: #8884; --soft: #8882 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin-bottom: .25rem; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin-top: 2.25rem } h3 { font-size: 1rem; margin: 0 }
.healthy { --colour: var(--healthy) } .error { --colour: var(--error) } .warning { --colour: var(--warning) } .note { --colour: var(--note) } .absent { --colour: var(--absent) }
.verdict { border-left: .3rem solid var(--colour); padding: .2rem 0 .2rem 1rem; font-weight: 600 }
article { border-left: .3rem solid var(--colour); padding: .1rem 0 .1rem 1rem; margin: 1.5rem 0 }
.mark { color: var(--colour); font-weight: 700; display: inline-block; width: 1.2rem }
code, pre { font: .85rem/1.5 ui-monospace, monospace } pre { background: var(--soft); padding: .6rem .8rem; border-radius: .4rem; margin: .3rem 0 .8rem; white-space: pre-wrap; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 1rem } dt { font-weight: 600; padding-top: .5rem } dd { margin: 0 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: baseline; overflow-wrap: anywhere } th { white-space: nowrap }
ul { margin: 0; padding-left: 1.1rem } .muted { opacity: .75 }
@media (max-width: 40rem) { dl { display: block } }`

const classOf = ({ verdict }: Pick<CheckResult, 'verdict'>): string => verdict === 'not tried' ? 'absent' : verdict

function article (finding: Told, diagnosis: Diagnosis): string {
  const { severity, code, title, detail, check } = finding
  const lines = remediesOf(finding, diagnosis, Object.keys(products)).shown.map(([product, lines]) => `<dt>${e(nameOf(product))}</dt><dd><pre>${e(lines)}</pre></dd>`).join('')
  return `<article class="${severity}" id="${e(code)}"><h3><span class="mark">${marks[severity]}</span>${e(title)}</h3>` +
    `<p class="muted">${severity} · <code>${e(code)}</code> · ${e(check.title)}</p><p>Seen:</p><pre>${e(detail)}</pre>` +
    (lines === '' ? '' : `<p>To mend it:</p><dl>${lines}</dl>`) + '</article>'
}

function row (check: CheckResult): string {
  const { id, title, verdict, reason, seen, milliseconds } = check
  const lines = reason !== undefined ? [reason] : seen
  return `<tr class="${classOf(check)}"><th scope="row"><span class="mark">${marks[verdict]}</span>${e(id)}</th><td>${e(title)}<br><span class="muted">${e(verdict)}${reason === undefined ? `, ${seconds(milliseconds)}` : ''}</span></td>` +
    `<td><ul>${lines.map((line) => `<li>${e(line)}</li>`).join('')}</ul></td></tr>`
}

/** One page without scripts or other files. Everything that the server sent is escaped. */
export function html (diagnosis: Diagnosis): string {
  const { url, service, started, milliseconds, atMost, checks } = diagnosis
  const told = findingsOf(diagnosis)
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Doctor: ${e(service ?? url)}</title><style>${style}</style></head><body>
<h1>${e(service ?? url)}</h1>
<p class="verdict ${classOf(diagnosis)}">${e(conclusion(diagnosis))}</p>
<p>${e(describeTotals(diagnosis))} in ${seconds(milliseconds)} of at most ${seconds(atMost)}. <span class="muted"><time datetime="${e(started)}">${e(started.replace(/T(\d+:\d+).*/, ' $1 UTC'))}</time></span></p>
${told.length > 0 ? `<h2>Findings</h2>\n${told.map((finding) => article(finding, diagnosis)).join('\n')}` : ''}
<h2>Checks</h2><table><thead><tr><th scope="col">check</th><th scope="col">about</th><th scope="col">seen</th></tr></thead><tbody>
${checks.map(row).join('\n')}
</tbody></table></body></html>
`
}
