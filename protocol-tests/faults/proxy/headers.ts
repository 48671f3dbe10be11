/** Header fields that may be changed; names keep their spelling and order. */
export class Headers {
  lines: [string, string][]

  constructor (lines: [string, string][]) {
    this.lines = lines
  }

  static parse (lines: readonly string[]): Headers {
    return new Headers(lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }))
  }

  get (name: string): string | undefined {
    return this.lines.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
  }

  /** Undefined takes the field away. */
  set (name: string, value: string | undefined): void {
    const at = this.lines.findIndex(([key]) => key.toLowerCase() === name.toLowerCase())
    const others = this.lines.filter(([key]) => key.toLowerCase() !== name.toLowerCase())
    if (value !== undefined) others.splice(at < 0 ? others.length : at, 0, [name, value])
    this.lines = others
  }

  bytes (start: string): Buffer {
    return Buffer.from([start, ...this.lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n'), 'latin1')
  }
}
