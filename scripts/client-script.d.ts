/** Makes the client of this package in one file, or a script with another entry. */
export function buildClientScript (contents?: string): string
