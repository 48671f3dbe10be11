import { EventEmitter, once } from 'node:events'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from './generator.js'

/** An answer that grows, whether a client listens or not. Each word is in its file before a client gets it. */
class Answer {
  #isComplete = false
  #failure = null
  #file
  #prompt
  #words
  #steps = new EventEmitter().setMaxListeners(0)

  constructor (file, prompt, words) {
    this.#file = file
    this.#prompt = prompt
    this.#words = words
  }

  async grow () {
    try {
      for await (const word of generate(this.#prompt, this.#words)) {
        await appendFile(this.#file, `${word}\n`)
        this.#words.push(word)
        this.#steps.emit('step')
      }
      this.#isComplete = true
    } catch (error) {
      this.#failure = error
    }
    this.#steps.emit('step')
  }

  /** Yields the words from the first one on, and a mark behind the last one. The existing words come at once. */
  async * read (signal) {
    for (let at = 0; ; at++) {
      while (at === this.#words.length) {
        if (this.#failure !== null) throw this.#failure
        if (this.#isComplete) return yield { at }
        await once(this.#steps, 'step', { signal })
      }
      yield { at, word: this.#words[at] }
    }
  }
}

/** The answers, each with a file: the prompt, and a line for each word. They outlive the process. */
export class Answers {
  #folder
  /** The answers of this process, as promises, so that each is made once. */
  #answers = new Map()

  constructor (folder) {
    this.#folder = folder
  }

  /** Begins an answer. If it exists, nothing happens. */
  ask (id, prompt) {
    return this.#open(id, async (file) => {
      await mkdir(this.#folder, { recursive: true })
      await writeFile(file, `${JSON.stringify(prompt)}\n`)
      return new Answer(file, prompt, [])
    })
  }

  /** Finds an answer. It rejects if there is none. */
  find (id) {
    return this.#open(id, () => { throw Object.assign(new Error('there is no such answer'), { statusCode: 404 }) })
  }

  #open (id, make) {
    if (!this.#answers.has(id)) {
      const opening = this.#load(id, make)
      this.#answers.set(id, opening)
      opening.catch(() => this.#answers.delete(id))
    }
    return this.#answers.get(id)
  }

  /** Takes the answer from its file, and lets it grow from there. */
  async #load (id, make) {
    const file = join(this.#folder, id)
    const text = await readFile(file, 'utf8').catch(() => '')
    // A crash may leave half a line.
    const [prompt, ...words] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').slice(0, -1)
    if (prompt !== undefined) await writeFile(file, [prompt, ...words, ''].join('\n'))
    const answer = prompt === undefined ? await make(file) : new Answer(file, JSON.parse(prompt), words)
    answer.grow().finally(() => this.#answers.delete(id))
    return answer
  }
}
