import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toolPath } from '../e2e/tools.ts'

/** The folder of what is fetched or made once. It is not in the repository. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/** Runs a program to its end, and throws its output if it fails. */
export function run (command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(status ?? error)}\n${stdout}${stderr}`)
  return stdout
}

/** Returns a folder whose content a function makes once. A run that is ended in the middle leaves no half of it. */
export function made (name: string, make: (folder: string) => void): string {
  const path = join(CACHE, name)
  if (existsSync(path)) return path
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(path + '-')
  make(join(folder, name))
  // Another process may have been faster.
  if (!existsSync(path)) renameSync(join(folder, name), path)
  rmSync(folder, { recursive: true, force: true })
  return path
}

/** Gets the jars that a pom names, and those that they need, from Maven Central. Returns their folder. */
export function fetchJars (name: string, pom: string): string {
  return made(name, (folder) => {
    run(toolPath('Maven'), ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`])
  })
}
