/** A parameter in the path of a route, with the pattern that the router allows behind it. */
const PARAMETER = /:([A-Za-z_]\w*)(?:\([^)]*\))?/g

/** Writes a template such as `/topic/chat/:room` as an address of AsyncAPI, `/topic/chat/{room}`. */
export function addressOf (template: string): string {
  return template.replace(PARAMETER, '{$1}')
}

/** Makes an id for an address: `/app/chat/{room}` becomes `app.chat.room`. Ids have only characters that need no escape in a reference. */
export function idOf (address: string): string {
  return address.split(/[^\w-]+/).filter((part) => part !== '').join('.') || 'root'
}

/** Hands out names. A name that is taken gets a number. */
export class Names {
  readonly #taken = new Set<string>()

  take (wanted: string): string {
    let name = wanted
    for (let i = 2; this.#taken.has(name); i++) name = `${wanted}.${i}`
    this.#taken.add(name)
    return name
  }
}

/** Compares texts by their code units, so that no locale changes the order. */
export function byCode (a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
