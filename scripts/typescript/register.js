// `node --import=./scripts/typescript/register.js file.ts` runs a program of TypeScript, as the tests do.
import { register } from 'node:module'

register('./load.js', import.meta.url)
// Stack traces show the lines of the source.
process.setSourceMapsEnabled(true)
