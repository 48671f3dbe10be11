import { errorClasses } from '../../core/coded-error.ts'
import { KAFKA_ERRORS } from '../../core/error-codes.ts'

/** Every error that the bridge to Kafka throws at an application, by name. Each class has its code. */
export const kafkaErrors = errorClasses(KAFKA_ERRORS)
