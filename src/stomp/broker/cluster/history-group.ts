import type { EngineLogGroup } from '../../../engine/logs.ts'
import type { HistoryRule } from '../local/options.ts'

/** The topics that keep their messages in one group of logs of the engine. */
export interface HistoryGroup extends Pick<HistoryRule, 'segments' | 'replay'> {
  readonly logs: EngineLogGroup
}
