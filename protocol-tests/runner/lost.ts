import type { Report, Result } from '../types.ts'
import type { Write } from './context.ts'

/** A case that was run, or not, as its report sees it. Times are those of `performance.now()`. */
export interface Attempt {
  readonly result: Result
  readonly writes: readonly Write[]
  readonly finished: number
  /** It failed, and the server was gone. */
  orphaned: boolean
}

/** A case may pass and end the server all the same: by an answer that is the end of the connection. */
const shortlyBefore = 100

/**
 * Sorts out a run whose server stopped answering. One case is to blame, as far as a client can tell; it stands first and has
 * failed. The failures of those that ran beside it say nothing of the server.
 */
export function stoppedServer (attempts: readonly Attempt[]): Pick<Report, 'results' | 'stoppedDuring'> {
  const noticed = Math.min(...attempts.filter(({ orphaned }) => orphaned).map(({ finished }) => finished))
  const last = culprit(attempts.filter(({ finished }) => noticed === Infinity || finished >= noticed - shortlyBefore), noticed)
  const others = attempts.filter((attempt) => attempt !== last)
    .map(({ result, orphaned, writes, finished }) => orphaned || (result.failure !== undefined && finished >= noticed) ? interrupted(result, writes.length > 0) : result)
  return last === undefined ? { results: others } : { results: [blamed(last.result), ...others], stoppedDuring: last.result.id }
}

/**
 * The server has survived all that was written before something that it answered. Of what came after that, it met the
 * earliest first. Where everything was answered, it is the latest.
 */
function culprit (attempts: readonly Attempt[], noticed: number): Attempt | undefined {
  const writes = attempts
    .flatMap((attempt) => attempt.writes.map((write) => ({ ...write, attempt })))
    .filter(({ at }) => at <= noticed)
    .sort((left, right) => left.at - right.at)
  const survived = writes.findLastIndex(({ answered }) => answered)
  return (writes[survived + 1] ?? writes[survived])?.attempt
}

function interrupted ({ failure: _failure, ...result }: Result, began: boolean): Result {
  return { ...result, verdict: 'not run', reason: began ? 'the server stopped answering while the case ran' : 'the server had stopped answering' }
}

function blamed ({ reason: _reason, ...result }: Result): Result {
  const own = result.failure === undefined ? '' : `; the case itself saw: ${result.failure.what}`
  return {
    ...result,
    verdict: 'failed',
    failure: { what: `the server stopped answering during this case, or right after it${own}`, expected: 'a server that goes on', received: 'no server' }
  }
}
