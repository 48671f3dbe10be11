// Spelling against a British dictionary and the words of this project in `words.txt`.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decodeTrie } from 'cspell-trie-lib'

const { resolve } = createRequire(import.meta.url)

/** Letters, with an apostrophe or an accent inside. */
const WORD = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)?/gu

/** A function that tells the words of a text that no dictionary has, with their offsets. Names of code and abbreviations pass. */
export function speller () {
  const dictionary = decodeTrie(gunzipSync(readFileSync(join(dirname(resolve('@cspell/dict-en-gb-mit')), 'en_GB.trie.gz'))))
  const own = new Set(readFileSync(new URL('words.txt', import.meta.url), 'utf8').split('\n'))
  const isKnown = (word) => own.has(word) || own.has(word.toLowerCase()) || dictionary.has(word) || dictionary.has(word.toLowerCase())
  return (text) => [...text.matchAll(WORD)].filter(({ 0: word, index }) => {
    const isName = /[\w./@#$\\]/.test(text[index - 1] ?? ' ') || /^(?:[\d_/@(=]|\.\w)/.test(text.slice(index + word.length))
    const isAbbreviation = /^\p{Lu}+s?$|\p{Ll}\p{Lu}/u.test(word) || word.length < 4
    return !isName && !isAbbreviation && !isKnown(word.replace('’', "'")) && !isKnown(word.replace(/['’]s$/, ''))
  }).map(({ 0: word, index }) => ({ word, index }))
}
