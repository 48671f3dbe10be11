/** The document, with its references followed. */
export class Document {
  constructor (json) {
    this.json = json
    this.operations = Object.entries(json.operations).map(([id, operation]) => this.#read(id, operation))
  }

  #read (id, operation) {
    const channel = this.at(operation.channel)
    return {
      id,
      channel,
      action: operation.action,
      address: channel.address,
      command: operation['x-stomp-command'],
      kind: operation['x-stomp-kind'],
      access: operation['x-stomp-access'],
      summary: operation.summary ?? '',
      description: operation.description ?? '',
      tags: (operation.tags ?? []).map(({ name }) => name),
      parameters: Object.entries(channel.parameters ?? {}).map(([name, parameter]) => ({ name, ...parameter })),
      messages: operation.messages.map((each) => this.at(each)),
      reply: operation.reply === undefined ? null : { isAddressed: operation.reply.address !== undefined, messages: operation.reply.messages.map((each) => this.at(each)) },
      answers: operation['x-stomp-answers'] ?? []
    }
  }

  operation (id) { return this.operations.find((each) => each.id === id) }

  /** Follows a reference. A value without one is itself. */
  at (value) {
    for (let steps = 0; typeof value?.$ref === 'string' && steps < 20; steps++) {
      value = value.$ref.replace(/^#\/?/, '').split('/').reduce((found, part) => found?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')], this.json)
    }
    return value
  }

  /** The operations by tag, in the order of the document. Operations without a tag come last. */
  groups () {
    const groups = new Map()
    for (const operation of this.operations) {
      for (const tag of operation.tags.length === 0 ? [''] : operation.tags) groups.set(tag, [...groups.get(tag) ?? [], operation])
    }
    return [...groups].sort(([a], [b]) => a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1)
  }
}

/** Tells whether an operation has all words of a search in its texts. */
export function fits (operation, search) {
  const text = [operation.id, operation.address, operation.summary, operation.command, ...operation.tags].join(' ').toLowerCase()
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}

/** Splits an address into its texts and its parameters. */
export function partsOf (address) {
  return address.split(/(\{\w+\})/).filter((part) => part !== '').map((part) => /^\{\w+\}$/.test(part) ? { parameter: part.slice(1, -1) } : { text: part })
}

/** Puts values into an address. */
export function fill (address, values) {
  return address.replace(/\{(\w+)\}/g, (_whole, name) => values[name] ?? '')
}

/** The name of a type, for people. */
export function typeOf (schema) {
  if (typeof schema !== 'object' || schema === null) return schema === false ? 'nothing' : 'any value'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.type !== undefined) return [schema.type].flat().join(' | ') + (schema.format === undefined ? '' : ` (${schema.format})`)
  const choice = ['oneOf', 'anyOf', 'allOf'].find((name) => Array.isArray(schema[name]))
  if (choice !== undefined) return { oneOf: 'one of', anyOf: 'any of', allOf: 'all of' }[choice]
  return schema.properties === undefined ? 'any value' : 'object'
}

const LIMITS = [
  ['minLength', 'at least # characters'], ['maxLength', 'at most # characters'], ['pattern', 'like #'], ['minimum', 'at least #'], ['maximum', 'at most #'],
  ['exclusiveMinimum', 'above #'], ['exclusiveMaximum', 'below #'], ['multipleOf', 'a multiple of #'], ['minItems', 'at least # items'], ['maxItems', 'at most # items'],
  ['uniqueItems', 'no item twice'], ['default', 'default #']
]

/** The limits of a schema, for people. */
export function limitsOf (schema) {
  if (typeof schema !== 'object' || schema === null) return []
  return LIMITS.filter(([name]) => schema[name] !== undefined && schema[name] !== false)
    .map(([name, text]) => (schema[name] === 1 ? text.replace(/s$/, '') : text).replace('#', () => typeof schema[name] === 'string' && name !== 'default' ? schema[name] : JSON.stringify(schema[name])))
}
