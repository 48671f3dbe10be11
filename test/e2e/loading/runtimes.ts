import { join } from 'node:path'
import type { Test } from 'tap'
import { execute, missing, type ToolName, type Workshop } from './workshop.ts'

const SYSTEM = `${process.platform}-${process.arch}`

/** Where npm did not run the script that puts a binary into its place, the binary is in a package of its own. */
const PLACES = {
  'Node 20': [`node-${SYSTEM}/bin/node`],
  'Node 22': [`node-${SYSTEM}/bin/node`],
  'Node 24': [`node-${SYSTEM}/bin/node`],
  Bun: ['.bin/bun', '@oven/bun-linux-x64/bin/bun', '@oven/bun-linux-aarch64/bin/bun'],
  Deno: [...['x64-gnu', 'x64-glibc', 'arm64-gnu', 'arm64-glibc'].map((system) => `@deno/linux-${system}/deno`), '.bin/deno']
} as const satisfies Partial<Record<ToolName, readonly string[]>>

export type RuntimeName = keyof typeof PLACES

export const RUNTIMES = Object.keys(PLACES) as readonly RuntimeName[]

/** Installs a runtime, and returns the command that starts it; `undefined`, loudly, where that cannot be. */
export async function runtime (t: Test, workshop: Workshop, name: RuntimeName): Promise<string | undefined> {
  const tools = await workshop.tool(t, name)
  if (tools === undefined) return undefined
  for (const place of PLACES[name]) {
    const path = join(tools, place)
    if ((await execute(workshop.folder, path, ['--version'])).ok) return path
  }
  missing(t, name, 'its binary is not in the package')
  return undefined
}
