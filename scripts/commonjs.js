// Writes the entries for `require()` beside those for `import`, after the build: a file .cjs for each, and its declarations where the build has
// some. They hold no second copy of the code: both ways lead to the same modules. `commonjs.js <folder> <entry>...`, such as
// `commonjs.js dist index stomp hub nats`.
import { existsSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

const [folder, ...names] = process.argv.slice(2)
const ENTRIES = names.map((name) => join(resolve(folder), name))

/** The mark that Node puts on an ES module for the sake of transpilers; the entry is a CommonJS module. */
const withoutDefault = (module) => `'use strict'

const { __esModule, ...exported } = require('${module}')
module.exports = exported
`

const withDefault = (module) => `'use strict'

// The default export, with all others as its properties.
const { __esModule, default: plugin, ...others } = require('${module}')
module.exports = Object.assign(plugin, others)
`

/** The names that an entry exports as types; those of classes are among its values too. */
function typesOf (program, path) {
  const checker = program.getTypeChecker()
  return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(`${path}.d.ts`)))
    .filter((symbol) => symbol.name !== 'default' && (targetOf(checker, symbol).flags & ts.SymbolFlags.Type) !== 0)
    .map(({ name }) => name).sort()
}

/** Tells whether the default export of an entry is a class. */
function hasClass (program, path) {
  const checker = program.getTypeChecker()
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(`${path}.d.ts`))).find(({ name }) => name === 'default')
  return exported !== undefined && (targetOf(checker, exported).flags & ts.SymbolFlags.Class) !== 0
}

function targetOf (checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/**
 * A CommonJS file may name an ES module for its types alone. With a default export the module is a function, which a namespace of the
 * same name gives the rest.
 */
function declarations (module, exported, named, isClass) {
  const values = exported.filter((name) => name !== 'default')
  const classes = named.filter((name) => values.includes(name))
  const types = named.filter((name) => !values.includes(name))
  const members = [
    ...values.map((name) => `export const ${name}: typeof esm.${name}`),
    ...classes.map((name) => `export type ${name} = esm.${name}`),
    `export {\n  ${types.map((name) => `type ${name}`).join(',\n  ')}\n}`
  ].join('\n')
  const head = `import type * as esm from '${module}' with { 'resolution-mode': 'import' }
import type {
  ${types.join(',\n  ')}
} from '${module}' with { 'resolution-mode': 'import' }
`
  if (values.length === exported.length) return `${head}\n${members.replaceAll('export const', 'export declare const')}\n`
  return `${head}
${isClass ? 'declare class plugin extends esm.default {}' : 'declare function plugin (...args: Parameters<typeof esm.default>): ReturnType<typeof esm.default>'}

declare namespace plugin {
${members.replace(/^/gm, '  ')}
}

export = plugin
`
}

const typed = ENTRIES.filter((path) => existsSync(`${path}.d.ts`))
// The names of exports need no declarations of the language or of Node.
const program = ts.createProgram(typed.map((path) => `${path}.d.ts`), { module: ts.ModuleKind.NodeNext, skipLibCheck: true, noLib: true, types: [] })
for (const path of ENTRIES) {
  const exported = Object.keys(await import(pathToFileURL(`${path}.js`))).sort()
  const module = `./${basename(path)}.js`
  writeFileSync(`${path}.cjs`, exported.includes('default') ? withDefault(module) : withoutDefault(module))
  if (typed.includes(path)) writeFileSync(`${path}.d.cts`, declarations(module, exported, typesOf(program, path), hasClass(program, path)))
}
