const STAND_IN = new URL('domain.js', import.meta.url).href

/** Finds a module: https://nodejs.org/docs/latest-v20.x/api/module.html#resolvespecifier-context-nextresolve */
export function resolve (specifier, context, nextResolve) {
  return specifier === 'async-hook-domain' ? { url: STAND_IN, shortCircuit: true } : nextResolve(specifier, context)
}
