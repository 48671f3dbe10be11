import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=UTF-8',
  '.html': 'text/html; charset=UTF-8',
  '.js': 'text/javascript; charset=UTF-8',
  '.svg': 'image/svg+xml'
}

/** Serves each file of a folder by its name, and `index.html` at `/`. Each file has a route, so that no URL becomes a path. */
export async function servePages (app: FastifyInstance, folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const body = await readFile(join(folder, name))
    const paths = name === 'index.html' ? ['/', '/index.html'] : [`/${name}`]
    for (const path of paths) app.get(path, async (_request, reply) => reply.header('cache-control', 'no-cache').type(type).send(body))
  }
}
