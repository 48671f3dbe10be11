import type { FastifyReply } from 'fastify'
import type { ResolvedOptions } from '../options/options.ts'
import { canonicalOrigin } from '../options/origin-rules.ts'

type Origins = ResolvedOptions['origins']

/**
 * Lets the pages that may connect load the scripts and frames of an endpoint.
 *
 * Hooks such as those of helmet forbid that for all responses, because most responses of an application are for its own pages.
 */
export interface Embedding {
  /** Sets the headers of a response that a page loads by a `script` element. */
  script (reply: FastifyReply): void
  /** Sets the headers of a response that a page puts into a frame (IFRAME-10, IFRAME-13). */
  frame (reply: FastifyReply): void
}

export function embeddingFor (origins: Origins): Embedding {
  const othersMayConnect = typeof origins === 'string' || typeof origins === 'function' || origins.length > 0
  const ancestors = ancestorsFor(origins)
  const embedding: Embedding = {
    script (reply) {
      // The header is also set without such hooks, because a page with `Cross-Origin-Embedder-Policy: require-corp` needs it.
      if (othersMayConnect) reply.header('cross-origin-resource-policy', 'cross-origin')
    },
    frame (reply) {
      embedding.script(reply)
      // The policy of the application forbids frames and the scripts inside the response.
      if (ancestors === null) reply.removeHeader('content-security-policy')
      else reply.header('content-security-policy', `frame-ancestors ${ancestors}`)
      if (ancestors === SELF) reply.header('x-frame-options', 'SAMEORIGIN')
      else reply.removeHeader('x-frame-options')
    }
  }
  return embedding
}

const SELF = '\'self\''

/** Lists the pages that may frame a response; the result is `null` if every page may. A header cannot name the origins of an expression or a function. */
function ancestorsFor (origins: Origins): string | null {
  if (origins === '*') return null
  const texts = typeof origins === 'function' ? [] : origins.filter((rule) => typeof rule === 'string' && rule !== 'null') as string[]
  return [SELF, ...texts.map(canonicalOrigin)].join(' ')
}
