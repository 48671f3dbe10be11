/** The entry of the STOMP client in one file. */
export const STOMP_CLIENT: string

/** Makes the client of this package in one file, or a script with another entry. */
export function buildClientScript (contents?: string): string
