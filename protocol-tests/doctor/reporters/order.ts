import { products } from '../remedies.ts'
import type { Product } from '../remedies.ts'
import { severities } from '../types.ts'
import type { CheckResult, Diagnosis, Finding } from '../types.ts'

/** A finding with the check that has it. */
export interface Told extends Finding { readonly check: CheckResult }

/** All findings, the worst first. */
export function findingsOf ({ checks }: Diagnosis): Told[] {
  const all = checks.flatMap((check) => check.findings.map((finding) => ({ ...finding, check })))
  return severities.flatMap((severity) => all.filter((finding) => finding.severity === severity))
}

export const nameOf = (product: string): string => products[product as Product] ?? product

/** The remedies of a finding: those of the wanted products, or of the one that names itself, or all. */
export function remediesOf ({ remedies }: Finding, { product }: Diagnosis, wanted: readonly string[] = []): { shown: [product: string, lines: string][], others: string[] } {
  const all = Object.entries(remedies)
  const own = wanted.length > 0 ? wanted : product === undefined || !all.some(([name]) => name === product) ? all.map(([name]) => name) : [product, 'server']
  const ranked = all.filter(([name]) => own.includes(name)).sort(([one], [other]) => Number(other === product) - Number(one === product))
  return { shown: ranked, others: all.filter(([name]) => !own.includes(name)).map(([name]) => name) }
}

/** Counts in words: `1 error, 2 warnings`. */
export function describeTotals ({ totals }: Diagnosis): string {
  const parts = severities.filter((severity) => totals[severity] > 0).map((severity) => `${totals[severity]} ${severity}${totals[severity] === 1 ? '' : 's'}`)
  return parts.length === 0 ? 'nothing found' : parts.join(', ')
}

/** The one sentence that a person at night reads first. */
export function conclusion (diagnosis: Diagnosis): string {
  const { service, verdict, totals } = diagnosis
  if (service === undefined) return 'No SockJS service could be examined.'
  if (verdict === 'error') return 'Not healthy: some clients get no session, or lose it. Mend the errors first.'
  if (verdict === 'warning') return 'Clients get through, by a worse way or with limits. Mend the warnings for the best transport.'
  return totals.note > 0 ? 'Healthy, with notes.' : 'Healthy: nothing stands between clients and the server.'
}
