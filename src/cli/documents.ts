import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

/** The documents that the page links to. A package from npm has the first one, a clone has all. */
const DOCUMENTS = ['README.md', 'docs/getting-started.md', 'docs/conformance.md'] as const

/** Serves the documents below a folder as plain text. Returns the paths of the documents that exist. */
export async function serveDocuments (app: FastifyInstance, folder: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of DOCUMENTS) {
    const text = await readFile(join(folder, path), 'utf8').catch(() => null)
    if (text === null) continue
    app.get(`/${path}`, async (_request, reply) => reply.type('text/plain; charset=UTF-8').send(text))
    found.push(path)
  }
  return found
}
