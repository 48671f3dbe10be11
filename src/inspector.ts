export type { CodedError, CodedErrorConstructor } from './core/coded-error.ts'
export { inspectorErrors } from './inspector/errors.ts'
export type { InspectorOptions } from './inspector/options.ts'
export { inspector as default, inspector } from './inspector/plugin.ts'
