/** The argument with which a process of Node runs TypeScript from the build that all tests share. */
export const TYPESCRIPT = `--import=${new URL('../../scripts/typescript/register.js', import.meta.url).href}`
