import { engineErrors } from '../errors.ts'
import { type Calls, isReply } from './calls.ts'
import type { Names } from './names.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Refusals that no further try can help, with the first word of the answer of Redis. */
const REFUSALS: Readonly<Record<string, string>> = {
  NOPERM: 'the user of the client has not the rights',
  NOAUTH: 'the client must give a password',
  WRONGPASS: 'the user or the password of the client is wrong',
  DENIED: 'Redis is in protected mode'
}

/** Makes the error about a refusal, or returns `null` if a later try may succeed. */
export function refusalOf (words: string): Error | null {
  const [first = ''] = words.split(' ')
  const why = Object.hasOwn(REFUSALS, first) ? REFUSALS[first] : undefined
  return why === undefined ? null : new engineErrors.Refused('redis', `${why} (${words})`)
}

/** The time after which the key of a trial goes away by itself, in milliseconds. */
const TRIAL = 10_000

/** One right, and the command that needs it. */
interface Trial {
  readonly right: string
  readonly run: () => Promise<unknown>
}

/** Waits for trials that run at once, because Redis may be far away. The first one that failed counts. */
async function allTried (trials: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(trials)).find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Tells whether Redis has refused a command for want of a right. */
const lacksRight = (error: unknown): error is Error => isReply(error) && error.message.startsWith('NOPERM')

/** The commands that the scripts of logs use, with arguments that do no harm. */
export const LOG_RIGHTS: readonly string[] = ['time', 'hmget f', 'hset f v', 'xlen', 'xadd * f v', 'xrange - +', 'xdel 0-1']

/** The commands that the scripts of queues use. */
export const QUEUE_RIGHTS: readonly string[] = [
  'hlen', 'hmget f', 'hset f v', 'hget f', 'hdel f', 'hstrlen f', 'hincrby f 1', 'hexists f', 'hkeys', 'hgetall', 'zadd 1 m', 'zcard', 'zpopmin', 'zrange 0 0'
]

/**
 * Tries the rights of logs or queues on a key that has a text, so that no command changes it.
 *
 * @throws FST_SOCKJS_ENGINE_REFUSED if one is missing. The text has the rule that grants it.
 */
export async function checkStoreRights (calls: Calls, names: Names, node: string, commands: readonly string[]): Promise<void> {
  const key = names.claim(`trial-${node}`)
  await calls.ask('set', key, '', 'PX', TRIAL)
  try {
    await allTried(commands.map((line) => tried(() => onText(calls, key, line), `+${line.split(' ', 1)[0]!} ~${names.head}*`)))
  } finally {
    await calls.ask('del', key)
  }
}

/** Runs a command on a key that has a text. Only a command of another kind of key is right to fail. */
async function onText (calls: Calls, key: string, line: string): Promise<void> {
  const [command = '', ...args] = line.split(' ')
  try {
    await calls.ask(command, ...(command === 'time' ? [] : [key, ...args]))
  } catch (error) {
    if (!isReply(error) || !error.message.startsWith('WRONGTYPE')) throw error
  }
}

/**
 * Tries each right that the engine needs, on names of its own.
 *
 * @throws FST_SOCKJS_ENGINE_REFUSED if one is missing. The text has the rule that grants it.
 */
export async function checkRights (commands: Calls, subscriber: Calls, names: Names, node: string, subscriptions: Subscriptions): Promise<void> {
  const key = names.claim(`trial-${node}`)
  const name = names.echo(`trial-${node}`)
  const wide = `${names.head}*`
  const narrow = `${names.channel('trial')}.*`
  const keys = `~${names.head}*`
  const channels = `&${names.head}*`
  const trials: Trial[] = [
    { right: `+get ${keys}`, run: () => commands.ask('get', key) },
    { right: `+set ${keys}`, run: () => commands.ask('set', key, '', 'PX', 1) },
    { right: `+exists ${keys}`, run: () => commands.ask('exists', key) },
    { right: `+pexpire ${keys}`, run: () => commands.ask('pexpire', key, 1) },
    { right: `+del ${keys}`, run: () => commands.ask('del', key) },
    { right: `+publish ${channels}`, run: () => commands.ask('publish', name, '') },
    { right: `+eval ${keys}`, run: () => commands.ask('eval', 'return 1', 1, key) },
    { right: `+subscribe ${channels}`, run: () => subscriber.ask('subscribe', name) },
    { right: '+unsubscribe', run: () => subscriber.ask('unsubscribe', name) }
  ]
  await allTried(trials.map(({ right, run }) => tried(run, right)))
  await tried(async () => {
    try {
      await subscriber.ask('psubscribe', narrow)
    } catch (error) {
      if (!lacksRight(error)) throw error
      // Redis compares the patterns of PSUBSCRIBE with those of the rights as texts.
      await subscriber.ask('psubscribe', wide)
      subscriptions.widen()
    }
  }, `+psubscribe ${channels}`)
  await tried(() => subscriber.ask('punsubscribe', narrow, wide), '+punsubscribe')
}

async function tried (run: () => Promise<unknown>, right: string): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!lacksRight(error)) throw error
    throw new engineErrors.Refused('redis', `the user of the client misses a right (${error.message}); grant it with ACL SETUSER <user> ${right}`)
  }
}
