const KEPT = 50

/** The rooms, with the last messages of each. */
export class Rooms {
  #messages

  constructor (names) {
    this.#messages = new Map(names.map((name) => [name, []]))
  }

  messages (room) { return this.#messages.get(room) }

  add (room, from, text) {
    const messages = this.#messages.get(room)
    const message = { id: crypto.randomUUID(), from, text, time: Date.now() }
    messages.push(message)
    if (messages.length > KEPT) messages.shift()
    return message
  }
}
