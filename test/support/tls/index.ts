import { readFileSync } from 'node:fs'

/** A certificate for `localhost` and 127.0.0.1, and its key: for tests, good for a hundred years, worth nothing. */
export const TLS = {
  cert: readFileSync(new URL('cert.pem', import.meta.url), 'utf8'),
  key: readFileSync(new URL('key.pem', import.meta.url), 'utf8')
}
