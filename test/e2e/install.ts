import { spawnSync } from 'node:child_process'
import { missingTools, packageOf, PYPI_FOLDER, type ToolName } from './tools.ts'

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }

function aptGet (...args: string[]): boolean {
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
}

const pipInstall = (name: string): boolean =>
  spawnSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', PYPI_FOLDER, name], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0

const canInstall = (): boolean => process.getuid?.() === 0 && aptGet('--version')

/** Installs what the suites need, where it can, and returns what is missing still. */
export function installTools (suites: readonly string[], say: (words: string) => void): ToolName[] {
  const missing = missingTools(suites)
  for (const name of missing) {
    const { installer, name: wanted } = packageOf(name)
    if (installer === 'pip') pipInstall(wanted)
  }
  if (missingTools(suites).length === 0 || !canInstall()) return missingTools(suites)
  say(`installing ${missing.join(', ')}`)
  aptGet('update')
  // One by one: a package that this system does not have takes none of the others with it.
  for (const { installer, name } of missing.map(packageOf)) if (installer === 'apt-get') aptGet('install', '--yes', '--no-install-recommends', name)
  return missingTools(suites)
}

/** What somebody has to do whose system this script cannot help. */
export function howToInstall (missing: readonly ToolName[]): string {
  const of = (wanted: string): string => missing.map(packageOf).filter(({ installer }) => installer === wanted).map(({ name }) => name).join(' ')
  const ways = [
    of('apt-get') === '' ? '' : ` As root on Debian: apt-get install --no-install-recommends ${of('apt-get')}.`,
    of('pip') === '' ? '' : ` pip install --target ${PYPI_FOLDER} ${of('pip')}`
  ]
  return `not installed: ${missing.join(', ')}.${ways.join('')}`
}
