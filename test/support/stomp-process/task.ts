/** A task for a server in a process of its own. */
export type StompTask =
  /** Adds clients below the transports, each with one subscription to a topic. */
  | { readonly task: 'join', readonly topic: string, readonly clients: number }
  /** Counts the messages of these clients. */
  | { readonly task: 'tally' }
  | { readonly task: 'memory' }

/** The messages of the clients of a process. */
export interface Tally {
  readonly clients: number
  readonly messages: number
  /** The clients whose messages are not the numbers from 0 on, in order. */
  readonly wrong: number
}

/** The answer to each task. */
export interface Answers {
  readonly join: null
  readonly tally: Tally
  /** The octets in use after a collection of garbage, on the heap and in buffers. */
  readonly memory: number
}

/** The numbers on the channel between a test and its process. */
export interface Asked { readonly number: number, readonly task: StompTask }
export interface Answered { readonly number: number, readonly answer: Answers[keyof Answers] }
