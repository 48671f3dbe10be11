import type { Telemetry } from '../../../telemetry/telemetry.ts'
import type { Queues } from './queues.ts'

/** Adds the numbers of the queues in this process. `read` returns the queues of the running broker. */
export function reportQueues (telemetry: Telemetry, read: () => Queues | undefined): void {
  telemetry.observe('stomp.broker.queue.messages', () => [{ value: read()?.budget.places ?? 0 }])
  telemetry.observe('stomp.broker.queue.bytes', () => [{ value: read()?.budget.used ?? 0 }])
  telemetry.observe('stomp.broker.dead_letters', () => Object.entries(read()?.buried ?? {}).map(([reason, value]) =>
    ({ attributes: { 'stomp.dead_letter.reason': reason }, value })))
}
