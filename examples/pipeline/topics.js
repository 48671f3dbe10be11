/** The topics of Kafka. The key of a record is its room. */
export const MESSAGES = 'pipeline-messages'
export const COUNTS = 'pipeline-counts'

export const ROOMS = ['lobby', 'kitchen']
