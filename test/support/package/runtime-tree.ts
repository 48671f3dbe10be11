/** The part of package-lock.json that the tests read. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly engines?: { readonly node?: string }
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface RuntimePackage {
  readonly name: string
  readonly license: string
}

/** One copy of a package, and its folder below the repository. */
export type Copy = LockedPackage & { readonly name: string, readonly place: string }

/** The names and licences of packages, each once, in the order of the names. */
export function licencesOf (copies: readonly Copy[]): RuntimePackage[] {
  const found = new Map(copies.map(({ name, license }) => [name, { name, license: license ?? 'unknown' }]))
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1)
}

/**
 * The packages that an installed package brings with it, each copy of its own. `from` is the place of a package in the lock: `''` is
 * the root, `protocol-tests` a workspace, `node_modules/fastify` a package from npm.
 */
export function packagesOf ({ packages }: Lock, from: string): Copy[] {
  const found: Copy[] = []
  const seen = new Set<string>()
  const waiting = [from]
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { dependencies = {}, optionalDependencies = {} } = packages[place]!
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = placeOf(packages, place, name)
      if (seen.has(at)) continue
      seen.add(at)
      found.push({ ...packages[at]!, name, place: at })
      waiting.push(at)
    }
  }
  return found
}

/** The place where a package finds another, as Node looks for it: in the folders above, the nearest first. */
function placeOf (packages: Lock['packages'], from: string, name: string): string {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/'))).replace(/\/$/, '')) {
    const place = `${folder === '' ? '' : folder + '/'}node_modules/${name}`
    if (Object.hasOwn(packages, place)) return place
    if (folder === '') throw new Error(`${name}, which ${from} needs, is not in package-lock.json`)
  }
}
