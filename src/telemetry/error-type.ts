/** The form of a code of an error. A text of another form may come from a client, and must not become an attribute. */
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/

/** The value of `error.type` for an error without a code. OpenTelemetry has this word. */
const NO_CODE = '_OTHER'

/** Makes the value of `error.type` of a code. */
export function errorType (code: unknown): string { return typeof code === 'string' && CODE.test(code) ? code : NO_CODE }
