// The programs that some servers need. Where one is missing, its servers are left out, with a word.
import { spawnSync } from 'node:child_process'
import { missingRabbitMq } from './rabbitmq.js'
import { BUN } from './runtimes.js'

const runs = (command, args) => {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' })
  return error === undefined && status === 0
}

const NEEDS = {
  bun: () => runs(BUN, ['--version']) ? null : 'Bun does not run here: its package has no program for this system, or its install script was not allowed',
  openssl: () => runs('openssl', ['version']) ? null : 'openssl, which makes the certificate, is not installed',
  rabbitmq: missingRabbitMq
}

const known = new Map()

/** The reason why a participant cannot take part, or `null`. */
export function missing ({ needs }) {
  if (needs === undefined) return null
  if (!known.has(needs)) known.set(needs, NEEDS[needs]())
  return known.get(needs)
}
