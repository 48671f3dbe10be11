/** The services of a node, by the number that stands before each record. The numbers are part of the wire. */
export const SERVICES = {
  /** Questions and answers between two nodes. */
  calls: 1,
  /** Records of an edge for the node that owns a session. */
  toOwner: 2,
  /** Records of the node that owns a session for an edge. */
  toEdge: 3,
  /** The number of sessions of each address. */
  addresses: 4
} as const

/** The questions that nodes ask each other. The numbers are part of the wire. */
export const QUESTIONS = {
  /** The sessions of an endpoint. */
  sessions: 1,
  /** Closes sessions of an endpoint. */
  close: 2,
  /** The time for which a node has been connected. */
  connected: 3,
  /** Takes a message for a temporary queue. */
  reply: 4,
  /** The STOMP sessions of a user. */
  stompUser: 5,
  /** The number of STOMP sessions, and the names of their users. */
  stompCount: 6,
  /** The STOMP sessions that subscribe to a destination. */
  stompSubscribers: 7,
  /** Closes STOMP sessions. */
  stompClose: 8,
  /** The users who are present in topics at the node. */
  stompPresence: 9,
  /** A command of the inspector. */
  inspect: 10,
  /** Asks a STOMP session. The answer is that of its client. */
  stompRequest: 11
} as const
