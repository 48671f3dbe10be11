import { errorClasses } from '../core/coded-error.ts'
import { SOCKJS_ERRORS } from '../core/error-codes.ts'

/** Every error that the package throws at an application, by name. Each class has its code. */
export const errors = errorClasses(SOCKJS_ERRORS)
