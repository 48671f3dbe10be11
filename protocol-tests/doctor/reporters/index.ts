import type { Diagnosis } from '../types.ts'
import { html } from './html.ts'
import { text } from './text.ts'

export const doctorReporters = {
  text,
  json: (diagnosis: Diagnosis): string => JSON.stringify(diagnosis, null, 2) + '\n',
  html
} as const
