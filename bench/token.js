import { createHmac } from 'node:crypto'

/** The key of the tokens: HS256 wants 32 bytes. */
export const SECRET = 'a secret of the bench, 32 bytes.'

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as a client would have it after its login. */
export function token () {
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'kim', tenant: 'acme' })}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}
