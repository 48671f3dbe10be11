import { errorClasses } from '../core/coded-error.ts'
import { ENGINE_ERRORS } from '../core/error-codes.ts'

/** Every error that an engine throws at an application, by name. Each class has its code. */
export const engineErrors = errorClasses(ENGINE_ERRORS)
