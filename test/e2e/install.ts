import { spawnSync } from 'node:child_process'
import { missingTools, TOOLS, type ToolName } from './tools.ts'

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }

function aptGet (...args: string[]): boolean {
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
}

const canInstall = (): boolean => process.getuid?.() === 0 && aptGet('--version')

/** Installs what the suites need, where it can, and returns what is missing still. */
export function installTools (suites: readonly string[], say: (words: string) => void): ToolName[] {
  const missing = missingTools(suites)
  if (missing.length === 0 || !canInstall()) return missing
  say(`installing ${missing.join(', ')}`)
  aptGet('update')
  // One by one: a package that this system does not have takes none of the others with it.
  for (const name of missing) aptGet('install', '--yes', '--no-install-recommends', TOOLS[name].debianPackage)
  return missingTools(suites)
}

/** What somebody has to do whose system this script cannot help. */
export function howToInstall (missing: readonly ToolName[]): string {
  const packages = missing.map((name) => TOOLS[name].debianPackage).join(' ')
  return `not installed: ${missing.join(', ')}. As root on Debian: apt-get install --no-install-recommends ${packages}`
}
