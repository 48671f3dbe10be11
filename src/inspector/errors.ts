import { errorClasses } from '../core/coded-error.ts'
import { INSPECTOR_ERRORS } from '../core/error-codes.ts'

/** Every error that the inspector throws at an application, by name. Each class has its code. */
export const inspectorErrors = errorClasses(INSPECTOR_ERRORS)
