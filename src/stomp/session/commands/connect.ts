import type { BrokerClient } from '../../broker/broker.ts'
import { type ClientCommand, type Frame, FrameHeaders, type HeartBeat, isFrameError, negotiateHeartBeat, negotiateVersion, parseHeartBeat, VERSIONS } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { HeartBeatOptions } from '../host.ts'
import type { StompSession } from '../stomp-session.ts'

/** Seen by `onConnect` alone. */
const SECRET: ReadonlySet<string> = new Set(['passcode', 'authorization'])

/** The least interval in milliseconds where each heart-beat costs the client a request (STOMP-K4). */
const COSTLY_MINIMUM = 10_000

/** [STOMP 1.2, Connecting] Negotiates, authenticates, connects to the broker, answers. */
export async function connect (session: StompSession, frame: Frame<ClientCommand>): Promise<void> {
  if (session.state !== 'connecting') throw new StompError('STOMP_ALREADY_CONNECTED')
  session.state = 'authenticating'
  session.time.connecting()
  const { headers } = frame
  const version = negotiateVersion(headers.get('accept-version'))
  if (isFrameError(version)) throw StompError.ofFrame(version, { version: VERSIONS.toReversed().join(',') })
  const wish = version === '1.0' ? parseHeartBeat(undefined) : parseHeartBeat(headers.get('heart-beat'))
  if (isFrameError(wish)) throw StompError.ofFrame(wish)
  checkHost(session, headers)
  session.connectHeaders = new FrameHeaders([...headers].filter(([name]) => !SECRET.has(name.toLowerCase())))
  await session.host.application.connecting(session, frame)
  if (session.state !== 'authenticating') return
  const connection = await session.host.broker.connect(clientOf(session, headers), session)
  // The client may have gone while the broker was asked.
  if (session.state !== 'authenticating') {
    await connection.close()
    return
  }
  session.connection = connection
  answer(session, version, wish)
}

/** The signal is made only for a broker that asks: an embedded one never waits. */
function clientOf (session: StompSession, headers: FrameHeaders): BrokerClient {
  return { session: session.id, user: session.user?.name ?? '', headers, get signal () { return session.signal } }
}

function answer (session: StompSession, version: '1.0' | '1.1' | '1.2', wish: HeartBeat): void {
  const { host, stream } = session
  const offer = version === '1.0' ? wish : offerFor(wish, host.heartBeat, stream.transportFacts.costlyHeartbeats)
  session.version = version
  session.parser.connected(version, host.limits)
  session.sendFrame('CONNECTED', [
    ['version', version],
    ['session', session.id],
    ['server', host.server],
    ['heart-beat', `${offer.outgoing},${offer.incoming}`],
    ...(session.user === null ? [] : [['user-name', session.user.name] as const])
  ])
  session.started(negotiateHeartBeat(offer, wish))
}

/** STOMP-H2, STOMP-H7: what the client asks for, raised to the minimum; 0 stays 0. */
function offerFor (wish: HeartBeat, { fixed, minimum }: HeartBeatOptions, costly: boolean): HeartBeat {
  const raise = (interval: number, least: number): number => interval === 0 ? 0 : Math.max(interval, least)
  const [outgoing, incoming] = fixed ?? [raise(wish.incoming, minimum), raise(wish.outgoing, minimum)]
  return { outgoing: costly ? raise(outgoing, COSTLY_MINIMUM) : outgoing, incoming }
}

/** STOMP-C5, STOMP-C6 */
function checkHost (session: StompSession, headers: FrameHeaders): void {
  const { hosts } = session.host
  if (hosts !== null && !hosts.has(headers.get('host') ?? '')) throw new StompError('STOMP_UNKNOWN_HOST')
}
