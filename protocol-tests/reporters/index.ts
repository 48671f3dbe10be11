import type { Report } from '../types.ts'
import { html } from './html.ts'
import { human } from './human.ts'
import { junit } from './junit.ts'
import { tap } from './tap.ts'

export const reporters = {
  human,
  tap,
  junit,
  json: (report: Report): string => JSON.stringify(report, null, 2) + '\n',
  html
} as const

export type ReporterName = keyof typeof reporters

export function isReporter (name: string): name is ReporterName {
  return Object.hasOwn(reporters, name)
}
