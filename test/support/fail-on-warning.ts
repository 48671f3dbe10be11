// `.taprc` preloads this module into every test file: a process warning fails the file (K1).
import { onWarning } from './warnings.ts'

/** More of them say nothing new. */
const SHOWN = 10

const seen: string[] = []
onWarning((text) => seen.push(text))

// The runner sets the exit code when the tests end, so the guard sets it later.
process.on('exit', () => {
  if (seen.length === 0) return
  process.stderr.write(`The process gave ${seen.length} warnings; a test file must give none:\n${seen.slice(0, SHOWN).join('\n')}\n`)
  process.exitCode = 1
})
