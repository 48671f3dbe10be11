// Written by scripts/embed.js.

/** The version of fastify-sockjs. */
export const version: string = '0.1.0'
