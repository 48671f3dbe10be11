import type { Bar } from '../bar.ts'
import { anyNode, control } from './routing.ts'

/** All bars, in the order of the table. */
export const BARS: readonly Bar[] = [control, anyNode]
