/** Shortened to 5 seconds, or one run would take a minute. Every server gets the same. */
export const HEARTBEAT = 5000
