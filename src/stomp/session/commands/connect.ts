import type { BrokerClient } from '../../broker/broker.ts'
import { type ClientCommand, type Frame, FrameHeaders, type HeartBeat, isFrameError, negotiateHeartBeat, negotiateVersion, parseHeartBeat, type Version, VERSIONS } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { HeartBeatOptions } from '../settings.ts'
import type { StompSession } from '../stomp-session.ts'

/** The headers that only the hook `onConnect` gets. */
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
  const { host: { tracing: { tracer } }, request } = session
  if (tracer === null) await admit(session, frame, version, wish)
  else await tracer.connect(session, headers, request?.headers ?? null, () => admit(session, frame, version, wish))
}

/** Asks the application and the broker, and answers. */
async function admit (session: StompSession, frame: Frame<ClientCommand>, version: Version, wish: HeartBeat): Promise<void> {
  await session.host.application.checkConnect(session, frame)
  if (session.state !== 'authenticating') return
  const connection = await session.host.broker.connect(clientOf(session, frame.headers), session.deliveries)
  // The client may have gone while the broker was asked.
  if (session.state !== 'authenticating') {
    await connection.close()
    return
  }
  session.connection = connection
  answer(session, version, wish)
}

/** Describes the client for the broker. The signal is made only for a broker that asks, because an embedded broker never waits. */
function clientOf (session: StompSession, headers: FrameHeaders): BrokerClient {
  return { session: session.id, user: session.user?.name ?? '', headers, get signal () { return session.signal } }
}

function answer (session: StompSession, version: Version, wish: HeartBeat): void {
  const { host, stream } = session
  const offer = version === '1.0' ? wish : offerFor(wish, host.settings.heartBeat, stream.transportFacts.costlyHeartbeats)
  session.version = version
  session.parser.connected(version, host.settings.limits)
  session.sendFrame('CONNECTED', [
    ['version', version],
    ['session', session.id],
    ['server', host.server],
    ['heart-beat', `${offer.outgoing},${offer.incoming}`],
    ...(session.user === null ? [] : [['user-name', session.user.name] as const])
  ])
  session.started(negotiateHeartBeat(offer, wish))
}

/** Makes the offer of heart-beats: the wish of the client, raised to the minimum. 0 stays 0 (STOMP-H2, STOMP-H7). */
function offerFor (wish: HeartBeat, { fixed, minimum }: HeartBeatOptions, costly: boolean): HeartBeat {
  const raise = (interval: number, least: number): number => interval === 0 ? 0 : Math.max(interval, least)
  const [outgoing, incoming] = fixed ?? [raise(wish.incoming, minimum), raise(wish.outgoing, minimum)]
  return { outgoing: costly ? raise(outgoing, COSTLY_MINIMUM) : outgoing, incoming }
}

/** Checks the header `host` (STOMP-C5, STOMP-C6). */
function checkHost (session: StompSession, headers: FrameHeaders): void {
  const { hosts } = session.host.settings
  if (hosts !== null && !hosts.has(headers.get('host') ?? '')) throw new StompError('STOMP_UNKNOWN_HOST')
}
