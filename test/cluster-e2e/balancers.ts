import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../support/wait.ts'
import type { Process, Processes } from './processes.ts'
import { toolPath } from '../e2e/tools.ts'

/** The header in which a balancer names the address of the node that served a request. */
export const SERVED_BY = 'x-served-by'

/** A balancer and the nodes behind it. */
export interface Balanced {
  /** The folder for its configuration and its files. */
  readonly folder: string
  readonly port: number
  readonly nodes: readonly number[]
  /** The port of a server that answers `/journal` for all nodes. */
  readonly journal?: number | undefined
}

/** nginx picks a node at random for every request. It has no health checks, and a node that refuses a connection is left out of that request alone. */
const nginx = ({ folder, port, nodes, journal }: Balanced): string => `
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_header { "" ""; default upgrade; }
  upstream nodes {
    random;
${nodes.map((node) => `    server 127.0.0.1:${node} max_fails=0;\n`).join('')}    ${nodes.length > 1 ? 'keepalive 64;' : ''}
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_requests 10000000;
    ${journal === undefined ? '' : `location = /journal { proxy_pass http://127.0.0.1:${journal}; }`}
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
      proxy_set_header Host $http_host;
      client_max_body_size 8m;
      client_body_buffer_size 8m;
      proxy_buffering off;
      proxy_connect_timeout 2s;
      proxy_read_timeout 60s;
      proxy_next_upstream error;
      add_header ${SERVED_BY} $upstream_addr always;
    }
  }
}
`

/**
 * HAProxy picks a node at random for every connection, and passes the bytes on as they are. The conformance runner uses a connection for almost
 * every request, and looks at the chunks of responses, which a balancer for requests may join.
 */
const connections = ({ port, nodes, journal }: Balanced): string => `
global
  maxconn 4000
defaults
  mode tcp
  timeout connect 2s
  timeout client 120s
  timeout server 120s
frontend web
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 2s
  tcp-request content accept if { req.len gt 0 }
  use_backend journal if { req.payload(0,0) -m beg "GET /journal" }
  default_backend nodes
backend nodes
  balance random
${nodes.map((node, i) => `  server node-${i + 1} 127.0.0.1:${node}`).join('\n')}
backend journal
  server journal 127.0.0.1:${journal ?? nodes[0]!}
`

/** The configurations that users get, at the ports of this run. They name three nodes. */
const example = (file: string) => ({ port, nodes }: Balanced): string => {
  const ports = new Map([[8080, port], ...nodes.map((node, i) => [3001 + i, node] as const)])
  const text = readFileSync(fileURLToPath(new URL(`../../examples/proxies/${file}`, import.meta.url)), 'utf8')
  return text.replaceAll(/(?<=127\.0\.0\.1:)\d+/g, (given) => String(ports.get(Number(given))))
}

const NGINX = { tool: 'nginx', args: (folder: string, file: string) => ['-e', 'stderr', '-p', folder, '-c', file, '-g', 'daemon off;'] } as const
const HAPROXY = { tool: 'HAProxy', args: (_folder: string, file: string) => ['-db', '-f', file] } as const
// The place where Traefik listens does not belong into the file of its routes.
const TRAEFIK = {
  tool: 'Traefik',
  args: (_folder: string, file: string, port: number) => [`--entryPoints.web.address=127.0.0.1:${port}`, `--providers.file.filename=${file}`, '--global.checkNewVersion=false']
} as const

const PROGRAMS = {
  nginx: { ...NGINX, configuration: nginx },
  connections: { ...HAPROXY, configuration: connections },
  'nginx-cluster.conf': { ...NGINX, configuration: example('nginx-cluster.conf') },
  'haproxy-cluster.cfg': { ...HAPROXY, configuration: example('haproxy-cluster.cfg') },
  'traefik-cluster.yml': { ...TRAEFIK, configuration: example('traefik-cluster.yml') }
} as const

export type BalancerName = keyof typeof PROGRAMS

const fileOf = (name: BalancerName, { folder, port }: Pick<Balanced, 'folder' | 'port'>): string => join(folder, `${port}-${name}`)

/** Starts a balancer in front of nodes. Resolves when it answers. */
export async function startBalancer (processes: Processes, name: BalancerName, balanced: Balanced): Promise<Process> {
  const { folder, port } = balanced
  const file = fileOf(name, balanced)
  const { tool, configuration, args } = PROGRAMS[name]
  await writeFile(file, configuration(balanced))
  const balancer = processes.start(name, toolPath(tool), args(folder, file, port))
  await until(async () => {
    if (!balancer.running) throw new Error(`${name} has ended: ${balancer.output}`)
    return await fetch(`http://127.0.0.1:${port}/health`).then(({ status }) => status === 200, () => false)
  }, `${name} answers`)
  return balancer
}

/** Takes a node out of the configuration of nginx, as an operator does before the node stops; `null` takes all nodes in again. */
export async function leaveOut (balancer: Process, name: BalancerName, balanced: Pick<Balanced, 'folder' | 'port'>, node: number | null): Promise<void> {
  const file = fileOf(name, balanced)
  const text = (await readFile(file, 'utf8')).replaceAll(' down;', ';')
  await writeFile(file, node === null ? text : text.replace(new RegExp(`(server 127\\.0\\.0\\.1:${node} [^;]*);`), '$1 down;'))
  balancer.signal('SIGHUP')
}
