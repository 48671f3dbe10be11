/** True in `npm run test:soak`: the same cases, as large as the catalogue asks for. */
export const SOAK = process.env.SOAK === '1'

/** The size of a case: small in `npm test`, full in the soak. */
export function scaled (small: number, full: number): number {
  return SOAK ? full : small
}

/** What a soak has lived through: collected by test/soak/main.ts. */
export function survived (what: string): void {
  if (SOAK) process.stderr.write(`survived: ${what}\n`)
}
