import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that these suites drive and npm does not bring. */
export interface Tool {
  readonly command: string
  /** The package of Debian that has it. */
  readonly debianPackage: string
  /** The suites that need it, by their names. */
  readonly suites: RegExp
}

export const TOOLS = {
  Chromium: { command: 'chromium', debianPackage: 'chromium', suites: /^(browsers|legacy|proxies|demo|inspector)/ },
  Firefox: { command: 'firefox-esr', debianPackage: 'firefox-esr', suites: /^(browsers|legacy|inspector)/ },
  nginx: { command: 'nginx', debianPackage: 'nginx-light', suites: /^(proxies|cluster)/ },
  HAProxy: { command: 'haproxy', debianPackage: 'haproxy', suites: /^(proxies|cluster)/ },
  RabbitMQ: { command: 'rabbitmq-server', debianPackage: 'rabbitmq-server', suites: /^(?:relay|tracing)/ },
  ActiveMQ: { command: 'activemq', debianPackage: 'activemq', suites: /^relay/ },
  NATS: { command: 'nats-server', debianPackage: 'nats-server', suites: /^(engines-(nats|stomp)|cluster)/ },
  Redis: { command: 'redis-server', debianPackage: 'redis-server', suites: /^(engines-(redis|valkey|stomp)|cluster|kafka-pipeline)/ },
  Java: { command: 'java', debianPackage: 'default-jre-headless', suites: /^kafka/ },
  Maven: { command: 'mvn', debianPackage: 'maven', suites: /^kafka/ },
  Sentinel: { command: 'redis-sentinel', debianPackage: 'redis-sentinel', suites: /^engines-redis-sentinel/ }
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof TOOLS

/** Servers are kept where only root looks for programs. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

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
  return suites.filter((suite) => !missing.some((name) => TOOLS[name].suites.test(suite)))
}

/** Where a program is that a suite cannot do without. */
export function toolPath (name: ToolName): string {
  const path = findTool(name)
  if (path === undefined) throw new Error(`${name} is not installed: apt-get install ${TOOLS[name].debianPackage}`)
  return path
}
