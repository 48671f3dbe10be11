import type { Facts } from './facts.ts'
import type { Remedies } from './remedies.ts'

/** The path that stands in the table of remedies. */
const EXAMPLE = '/echo'

/** Puts the examined path and host, and the origin of the pages, in the place of those of the table. */
export function placed (remedies: Remedies, { path, target, options }: Pick<Facts, 'path' | 'target' | 'options'>): Remedies {
  // No path was examined where the URL names the site alone, so that the example stays.
  const service = path ?? (target.base === '' ? EXAMPLE : target.base)
  const { hostname } = new URL(target.origin)
  const values: Readonly<Record<string, string>> = {
    'https://app.example/echo': target.origin + service,
    'https://app.example': options.origin ?? target.origin,
    'app.example': hostname,
    [EXAMPLE]: service
  }
  // The longest alternative stands first.
  const place = (text: string): string => text.replaceAll(/https:\/\/app\.example(?:\/echo)?|app\.example|\/echo/g, (found) => values[found]!)
  return Object.fromEntries(Object.entries(remedies).map(([product, text]) => [product, place(text)]))
}
