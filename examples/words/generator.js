import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** The longest pause before a word, in milliseconds. */
const PAUSE = Number(process.env.PAUSE ?? 250)

const SENTENCES = 12

const SUBJECTS = ['A slow river', 'The old bridge', 'A patient clerk', 'The last train', 'A quiet harbour', 'The north wind', 'A borrowed book', 'The night watch']
const VERBS = ['carries', 'remembers', 'repairs', 'follows', 'counts', 'hides', 'answers', 'outlives']
const OBJECTS = ['every promise', 'the missing letter', 'a thousand small stones', 'the colour of rain', 'an unfinished map', 'the first word', 'two empty chairs', 'the way home']
const ENDS = ['before the morning comes', 'without a single sound', 'and asks for nothing', 'while the city sleeps', 'as it did last year', 'because the tide allows it', 'until the lamp goes out', 'and then once more']

/** Numbers that only the prompt decides. */
function * numbers (prompt) {
  for (let round = 0; ; round++) yield * createHash('sha256').update(`${round} ${prompt}`).digest()
}

/** Makes the whole answer at once. The same prompt has the same answer. */
export function wordsOf (prompt) {
  const dice = numbers(prompt)
  const one = (list) => list[dice.next().value % list.length]
  const sentences = Array.from({ length: SENTENCES }, () => `${one(SUBJECTS)} ${one(VERBS)} ${one(OBJECTS)} ${one(ENDS)}.`)
  return `You asked: ${prompt.trim()} ${sentences.join(' ')}`.split(/\s+/)
}

/** Yields the words of the answer behind the existing ones, with a pause before each, as a language model does. */
export async function * generate (prompt, existing) {
  for (const word of wordsOf(prompt).slice(existing.length)) {
    await sleep(Math.random() * PAUSE)
    yield word
  }
}
