import { stages } from '../checks/index.ts'
import { common } from '../check.ts'
import type { Check, FindingRow } from '../check.ts'
import { defaultIdle } from '../facts.ts'
import { products, remedies } from '../remedies.ts'
import type { RemedyName } from '../remedies.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

function timeOf ({ id, atMost }: Check): string {
  const seconds = Math.round(atMost({ options: { idle: defaultIdle } }) / 1000)
  return id === 'idle' ? `${seconds - defaultIdle / 1000} s more than \`--idle\`` : `${seconds} s`
}

function rows (findings: Readonly<Record<string, FindingRow>>): string[] {
  return Object.entries(findings).map(([code, { severity, title, remedy }]) =>
    `| \`${code}\` | ${severity} | ${cell(title)} | ${remedy === undefined ? '' : `[${remedy}](#${remedy})`} |`)
}

const head = ['| code | severity | meaning | remedy |', '|---|---|---|---|']

function section (check: Check): string[] {
  return [`### ${check.id}`, '', `The check *${check.title}* takes at most ${timeOf(check)}.`, '', ...head, ...rows(check.findings), '']
}

function remedy (name: RemedyName): string[] {
  const lines = Object.entries(remedies[name]).flatMap(([product, text]) => [`${products[product as keyof typeof products]}:`, '', '```', text, '```', ''])
  return [`### ${name}`, '', ...lines]
}

/** The page of all checks, findings and remedies. */
export function listFindings (): string {
  const all = stages.flat()
  return [
    '# Findings of the doctor',
    '',
    '[The doctor](doctor.md) explains how to use these tables. `sockjs-doctor --list` writes this page, and a test checks that it is up to date.',
    '',
    '## Checks',
    '',
    'Checks of one stage run at the same time. A stage begins when the one before it has ended.',
    '',
    '| check | about | stage | at most |',
    '|---|---|---|---|',
    ...stages.flatMap((stage, index) => stage.map((check) => `| [${check.id}](#${check.id}) | ${check.title} | ${index + 1} | ${timeOf(check)} |`)),
    '',
    '## Codes',
    '',
    'Every check may find this:',
    '',
    ...head,
    ...rows(common),
    '',
    ...all.flatMap(section),
    '## Remedies',
    '',
    'The names and paths are examples: `/echo` stands for the path of the service, and `https://app.example` for the origin of the pages.',
    '',
    ...(Object.keys(remedies) as RemedyName[]).flatMap(remedy)
  ].join('\n').trimEnd() + '\n'
}
