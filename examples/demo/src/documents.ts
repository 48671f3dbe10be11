import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

/** The documents that the page links to. */
const DOCUMENTS = ['README.md', 'docs/getting-started.md', 'docs/conformance.md'] as const

/** Serves the documents of the clone as plain text. Returns their paths. */
export async function serveDocuments (app: FastifyInstance, clone: string): Promise<readonly string[]> {
  for (const path of DOCUMENTS) {
    const text = await readFile(join(clone, path), 'utf8')
    app.get(`/${path}`, async (_request, reply) => reply.type('text/plain; charset=UTF-8').send(text))
  }
  return DOCUMENTS
}
