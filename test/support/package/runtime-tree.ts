/** As much of package-lock.json as is read here. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface RuntimePackage {
  readonly name: string
  readonly license: string
}

/** Every package that whoever installs this one gets, by name; what fastify brings itself is not among them. */
export function runtimeTree ({ packages }: Lock): RuntimePackage[] {
  const found = new Map<string, RuntimePackage>()
  const seen = new Set<string>()
  const waiting = ['']
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { dependencies = {}, optionalDependencies = {} } = packages[place]!
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = placeOf(packages, place, name)
      if (seen.has(at)) continue
      seen.add(at)
      found.set(name, { name, license: packages[at]!.license ?? 'unknown' })
      waiting.push(at)
    }
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1)
}

/** Where a package finds another, as Node looks for it: in the folders above, the nearest first. */
function placeOf (packages: Lock['packages'], from: string, name: string): string {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    const place = `${folder === '' ? '' : folder + '/'}node_modules/${name}`
    if (Object.hasOwn(packages, place)) return place
    if (folder === '') throw new Error(`${name}, which ${from} needs, is not in package-lock.json`)
  }
}
