// Checks the sentences of comments, error texts and documents: `prose.js [--figures] [file or folder ...]`. Without a path it reads
// the sources and the documents of the package. Each breach is printed with its line; the figures of each file follow.
//
// A free "what" is each "what" outside of code, headings and sentences that end in a question mark, unless "to" or "if" follows it.
// All files of `src/` count as one. A file that begins with "Written by scripts/" is left out.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fromMarkdown, fromTypeScript } from './prose/passages.js'
import { FIRST_SENTENCE, FIRST_WORDS, FREE_WHAT, RULES, SENTENCE, WHAT } from './prose/rules.js'
import { speller } from './prose/spelling.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DEFAULT = ['src', 'docs', 'examples', 'README.md', 'CHANGELOG.md', 'PROTOCOL.md', 'CONTRIBUTING.md', 'SECURITY.md', 'protocol-tests/README.md'].map((path) => join(ROOT, path))
const { values, positionals } = parseArgs({ allowPositionals: true, options: { figures: { type: 'boolean', default: false } } })

const filesBelow = (path) => !statSync(path).isDirectory()
  ? [path]
  : readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => /\.(?:ts|js|md)$/.test(file) && !/(?:docs[\\/]api|[\\/]node_modules|examples[\\/]\w+[\\/]dist)[\\/]/.test(relative(ROOT, file))).sort()

/** A file that a script wrote holds the words of others. */
const WRITTEN = /^\/\/ Written by scripts\//

const misspelled = speller()
const wordsIn = (text) => text.match(/\p{L}[\p{L}\p{M}\d'’-]*/gu)?.length ?? 0

/** The sentences of a text with their offsets. A colon or a semicolon does not end one. */
const sentencesOf = (text) => [...text.matchAll(/[^]+?(?:[.!?]["”)]?(?=\s|$)|$(?![^]))/g)]
  .filter(({ 0: sentence }) => /\w/.test(sentence))
  .map(({ 0: sentence, index }) => ({ sentence: sentence.trim(), index: index + sentence.search(/\S/) }))

/** The breaches of one passage, each with its offset, and its free "what"s. */
function judge ({ kind, text }) {
  const breaches = []
  const whats = []
  const add = (index, rule, detail) => breaches.push({ index, rule, detail })
  for (const [rule, where, pattern, advice] of RULES) {
    if (where === 'text' && kind === 'string') continue
    for (const { 0: found, index } of text.matchAll(pattern)) add(index, rule, `"${found.replaceAll('\n', ' ')}": ${advice}`)
  }
  for (const { word, index } of misspelled(text)) add(index, 'spelling', `"${word}": correct it, or add it to scripts/prose/words.txt`)
  const sentences = sentencesOf(text)
  for (const { sentence, index } of sentences) {
    if (wordsIn(sentence) > SENTENCE) add(index, 'long', `${wordsIn(sentence)} words: at most ${SENTENCE} in a sentence`)
    if (kind === 'heading' || sentence.endsWith('?')) continue
    for (const what of sentence.matchAll(WHAT)) whats.push(index + what.index)
  }
  if (kind === 'doc') {
    const { sentence, index } = sentences[0]
    const first = /[\p{L}§]+/u.exec(sentence.replace(/^(?:\[[^\]]*\]\s*)+/, ''))?.[0].toLowerCase() ?? ''
    if (wordsIn(sentence) > FIRST_SENTENCE) add(index, 'first sentence', `${wordsIn(sentence)} words: at most ${FIRST_SENTENCE} in the first sentence of a doc comment`)
    if (FIRST_WORDS.has(first)) add(index, 'first word', `"${first}": a doc comment begins with a verb or a noun`)
  }
  return { breaches, whats }
}

const groups = new Map()
for (const file of (positionals.length > 0 ? positionals : DEFAULT).flatMap(filesBelow)) {
  const name = relative(ROOT, file)
  const source = readFileSync(file, 'utf8')
  if (WRITTEN.test(source)) continue
  const passages = file.endsWith('.md') ? fromMarkdown(source) : fromTypeScript(file, source)
  const key = name.startsWith('src') ? 'src/' : name
  const figures = groups.get(key) ?? { words: 0, breaches: [], whats: [] }
  groups.set(key, figures)
  for (const each of passages) {
    const { breaches, whats } = judge(each)
    figures.words += wordsIn(each.text)
    figures.breaches.push(...breaches.map(({ index, rule, detail }) => ({ name, line: each.lineAt(index), rule, detail })))
    figures.whats.push(...whats.map((index) => ({ name, line: each.lineAt(index), rule: 'what', detail: 'a free "what": name the thing' })))
  }
}

const perThousand = ({ words, whats }) => words === 0 ? 0 : whats.length * 1000 / words
let failed = false
for (const figures of groups.values()) {
  const { breaches, whats } = figures
  const tooMany = perThousand(figures) > FREE_WHAT
  failed ||= tooMany || breaches.length > 0
  if (values.figures) continue
  const shown = [...breaches, ...tooMany ? whats : []].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : a.line - b.line)
  for (const { name, line, rule, detail } of shown) console.log(`${name}:${line}: ${rule}: ${detail}`)
}

console.log('\n   words  "what"  per 1,000  other breaches  file')
for (const [name, figures] of groups) {
  const { words, whats, breaches } = figures
  console.log([String(words).padStart(8), String(whats.length).padStart(8), perThousand(figures).toFixed(1).padStart(11), String(breaches.length).padStart(16), ` ${name}`].join(''))
}
process.exitCode = failed ? 1 : 0
