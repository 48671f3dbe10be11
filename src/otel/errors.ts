import { errorClasses } from '../core/coded-error.ts'
import { OTEL_ERRORS } from '../core/error-codes.ts'

/** Every error that `fastify-sockjs/otel` throws, by name. Each class has its code. */
export const otelErrors = errorClasses(OTEL_ERRORS)
