import cluster from 'node:cluster'
import type { FastifyInstance } from 'fastify'
import { sockjsMetrics } from 'fastify-sockjs'
import { askForTexts, isRead, type Message } from './scrapes.ts'

/** The path at which a worker has its own numbers. */
const OWN = '/metrics/worker'

/** Adds `/metrics`. A worker answers for all workers, because each scrape may come to another one. */
export async function serveMetrics (app: FastifyInstance, node: string): Promise<void> {
  if (!cluster.isWorker) {
    await app.register(sockjsMetrics)
    return
  }
  await app.register(sockjsMetrics, { path: OWN })
  const answer = async (message: unknown): Promise<void> => {
    if (!isRead(message)) return
    const text = labelled((await app.inject(OWN)).body, node)
    if (process.connected) process.send!({ kind: 'text', scrape: message.scrape, text } satisfies Message)
  }
  process.on('message', answer)
  app.addHook('onClose', async () => { process.off('message', answer) })
  let scrapes = 0
  app.get('/metrics', async (_request, reply) => {
    reply.header('cache-control', 'no-store').type('text/plain; version=0.0.4; charset=utf-8')
    return merged(await askForTexts(++scrapes))
  })
}

/** Adds the label `node` to each sample of the text format of Prometheus. */
export function labelled (text: string, node: string): string {
  return text.replaceAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm, (_line, name: string, labels: string | undefined, value: string) =>
    `${name}{node="${node}"${labels === undefined ? '' : `,${labels}`}} ${value}`)
}

/** Joins texts, so that each family has its lines HELP and TYPE once, and its samples after them. */
export function merged (texts: readonly string[]): string {
  const families = new Map<string, string>()
  for (const text of texts) {
    for (const [, head, samples] of text.matchAll(/^(# HELP .*\n# TYPE .*\n)((?:[^#].*\n)*)/gm)) families.set(head!, (families.get(head!) ?? '') + samples!)
  }
  return Array.from(families, ([head, samples]) => head + samples).join('')
}
