/** As much of package-lock.json as is read here. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface RuntimePackage {
  readonly name: string
  readonly license: string
}

/** The names and licences of the packages that an application gets with this one; those that fastify brings are not among them. */
export function runtimeTree (lock: Lock): RuntimePackage[] {
  const found = new Map(packagesOf(lock).map(({ name, license }) => [name, { name, license: license ?? 'unknown' }]))
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1)
}

/** The same packages as the lock has them, each copy of its own. */
export function packagesOf ({ packages }: Lock): (LockedPackage & { readonly name: string })[] {
  const found: (LockedPackage & { readonly name: string })[] = []
  const seen = new Set<string>()
  const waiting = ['']
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { dependencies = {}, optionalDependencies = {} } = packages[place]!
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = placeOf(packages, place, name)
      if (seen.has(at)) continue
      seen.add(at)
      found.push({ ...packages[at]!, name })
      waiting.push(at)
    }
  }
  return found
}

/** Where a package finds another, as Node looks for it: in the folders above, the nearest first. */
function placeOf (packages: Lock['packages'], from: string, name: string): string {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    const place = `${folder === '' ? '' : folder + '/'}node_modules/${name}`
    if (Object.hasOwn(packages, place)) return place
    if (folder === '') throw new Error(`${name}, which ${from} needs, is not in package-lock.json`)
  }
}
