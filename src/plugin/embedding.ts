import type { FastifyReply } from 'fastify'
import type { ResolvedOptions } from './options.ts'
import { canonicalOrigin } from './origin-rules.ts'

type Origins = ResolvedOptions['origins']

/**
 * Lets the pages that may connect load the scripts and frames of an endpoint. Hooks such as those of helmet forbid that to all responses, because most
 * responses of an application are for its own pages.
 */
export interface Embedding {
  /** For a response that a page loads by a `script` element. */
  script (reply: FastifyReply): void
  /** For a response that a page puts into a frame (IFRAME-10, IFRAME-13). */
  frame (reply: FastifyReply): void
}

export function embeddingFor (origins: Origins): Embedding {
  const othersMayConnect = typeof origins === 'string' || typeof origins === 'function' || origins.length > 0
  const ancestors = ancestorsFor(origins)
  const embedding: Embedding = {
    script (reply) {
      // A page with `Cross-Origin-Embedder-Policy: require-corp` wants it said, whatever the hooks have set.
      if (othersMayConnect) reply.header('cross-origin-resource-policy', 'cross-origin')
    },
    frame (reply) {
      embedding.script(reply)
      // The policy of the application forbids frames, and also the scripts that stand in the response.
      if (ancestors === null) reply.removeHeader('content-security-policy')
      else reply.header('content-security-policy', `frame-ancestors ${ancestors}`)
      if (ancestors === SELF) reply.header('x-frame-options', 'SAMEORIGIN')
      else reply.removeHeader('x-frame-options')
    }
  }
  return embedding
}

const SELF = '\'self\''

/** Who may frame a response; `null` for every page. An origin that only an expression or a function knows cannot be named in a header. */
function ancestorsFor (origins: Origins): string | null {
  if (origins === '*') return null
  const texts = typeof origins === 'function' ? [] : origins.filter((rule) => typeof rule === 'string' && rule !== 'null') as string[]
  return [SELF, ...texts.map(canonicalOrigin)].join(' ')
}
