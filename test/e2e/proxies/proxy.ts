import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Test } from 'tap'
import { until, within } from '../../support/wait.ts'
import { freePort } from '../../support/free-port.ts'
import { toolPath } from '../tools.ts'

const PROGRAMS = {
  nginx: (folder: string, file: string) => ['-e', 'stderr', '-p', folder, '-c', file, '-g', 'daemon off;'],
  HAProxy: (_folder: string, file: string) => ['-db', '-f', file],
  Caddy: (_folder: string, file: string) => ['run', '--config', file, '--adapter', 'caddyfile'],
  // The place where Traefik listens does not belong into the file of its routes.
  Traefik: (_folder: string, file: string, port: number) => [`--entryPoints.web.address=127.0.0.1:${port}`, `--providers.file.filename=${file}`, '--global.checkNewVersion=false']
} as const

export type ProxyProgram = keyof typeof PROGRAMS

/** The ports that every configuration names: where it listens, and its applications. */
const LISTENS = 8080
const APPLICATIONS = [3001, 3002, 3003]

/** The configuration as it stands, at other ports. */
function atPorts (configuration: string, ports: ReadonlyMap<number, number>): string {
  return configuration.replaceAll(/(?<=127\.0\.0\.1:)\d+/g, (port) => String(ports.get(Number(port))))
}

async function answers (url: string): Promise<boolean> {
  return await fetch(url).then(({ status }) => status === 200, () => false)
}

async function stop (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await within(once(child, 'exit'), 'the end of a proxy')
}

/** Runs a proxy with a configuration in front of applications, the last of which stands for all further ones that the configuration names; returns its port. */
export async function startProxy (t: Test, program: ProxyProgram, configuration: string, applications: readonly number[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const ports = new Map([[LISTENS, port], ...APPLICATIONS.map((name, i) => [name, applications[Math.min(i, applications.length - 1)]!] as const)])
  const file = join(folder, basename(configuration))
  await writeFile(file, atPorts(await readFile(configuration, 'utf8'), ports))
  const child = spawn(toolPath(program), PROGRAMS[program](folder, file, port), {
    env: { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => { words += chunk.toString() })
  t.teardown(() => stop(child))
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${words}`)
    return await answers(`http://127.0.0.1:${port}/health`)
  }, `${program} answers`)
  return port
}
