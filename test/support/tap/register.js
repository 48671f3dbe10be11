// Preloaded into test files, before tap: `domain.js` takes the place of the package async-hook-domain.
import { register } from 'node:module'

register('./resolve.js', import.meta.url)
