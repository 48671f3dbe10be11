import { limitsOf, typeOf } from './document.js'
import { el } from './dom.js'

/** The number of levels that are open at first. */
const OPEN = 2

/** Shows a schema as a tree. Levels below the first ones are drawn when they are opened, because a schema may refer to itself. */
export function schemaTree (given, follow, level = 0) {
  const schema = follow(given)
  const children = childrenOf(schema)
  if (level > 0 && children.length === 0) return null
  const list = el('ul', { class: level === 0 ? 'schema' : 'schema inner' })
  if (level === 0) list.append(el('li', {}, ...head({ name: '', schema, isRequired: false })))
  for (const child of children) list.append(row(child, follow, level))
  return list
}

function row ({ name, schema: given, isRequired }, follow, level) {
  const schema = follow(given)
  const parts = head({ name, schema, isRequired })
  if (childrenOf(schema).length === 0) return el('li', {}, ...parts)
  const details = el('details', { open: level < OPEN - 1 }, el('summary', {}, ...parts))
  const draw = () => {
    if (details.open && details.children.length === 1) details.append(schemaTree(schema, follow, level + 1))
  }
  details.addEventListener('toggle', draw)
  draw()
  return el('li', {}, details)
}

function head ({ name, schema, isRequired }) {
  const limits = limitsOf(schema)
  return [
    name === '' ? null : el('code', { class: 'property' }, name),
    el('span', { class: 'type' }, typeOf(schema)),
    isRequired ? el('span', { class: 'required' }, 'required') : null,
    limits.length === 0 ? null : el('span', { class: 'limits' }, limits.join(', ')),
    typeof schema?.description === 'string' ? el('span', { class: 'words' }, schema.description) : null
  ].filter((part) => part !== null)
}

/** The parts of a schema, each with a name. */
function childrenOf (schema) {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {}, required = [], items, additionalProperties } = schema
  const choice = ['oneOf', 'anyOf', 'allOf'].flatMap((name) => Array.isArray(schema[name]) ? schema[name].map((each, i) => ({ name: `${i + 1}`, schema: each, isRequired: false })) : [])
  return [
    ...Object.entries(properties).map(([name, each]) => ({ name, schema: each, isRequired: required.includes(name) })),
    ...choice,
    ...items === undefined || Array.isArray(items) ? (items ?? []).map((each, i) => ({ name: `[${i}]`, schema: each, isRequired: false })) : [{ name: '[ ]', schema: items, isRequired: false }],
    ...typeof additionalProperties === 'object' ? [{ name: '*', schema: additionalProperties, isRequired: false }] : []
  ]
}
