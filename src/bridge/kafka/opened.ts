import type { KafkaConsumer } from './client.ts'

/** The refusals of Kafka that mean the records themselves, by the names that both packages give them. */
export const FINAL: ReadonlySet<unknown> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_TOPIC_EXCEPTION', 'INVALID_RECORD'])

/** Lets a member join its group. A member that cannot join keeps no connection. */
export async function opened (member: KafkaConsumer & { start (): Promise<void> }): Promise<KafkaConsumer> {
  try {
    await member.start()
  } catch (error) {
    await member.close().catch(() => {})
    throw error
  }
  return member
}
