/** Mutations of STOMP frames, whatever carries them. */
import type { StompLink, StompMutation } from '../types.ts'

type Change = (frame: string, link: StompLink) => string | readonly string[]

/** Changes the server's frames of one command. */
export function frame (command: string, change: Change): StompMutation {
  return (link) => ({ sent: (text) => text.startsWith(`${command}\n`) ? change(text, link) : text })
}

export function lost (command: string): StompMutation {
  return frame(command, () => [])
}

/** A header of the server's frames is another one; without a value it is missing. */
export function field (command: string, name: string, value?: string | ((value: string) => string)): StompMutation {
  return frame(command, (text) => text.replace(new RegExp(`\n${name}:([^\n]*)`), (_line, old: string) =>
    value === undefined ? '' : `\n${name}:${typeof value === 'string' ? value : value(old)}`))
}

export function added (command: string, line: string): StompMutation {
  return frame(command, (text) => text.replace('\n', `\n${line}\n`))
}

/** Another body, with its length. */
export function body (command: string, change: (body: string) => string): StompMutation {
  return frame(command, (text) => {
    const at = text.indexOf('\n\n')
    const changed = change(text.slice(at + 2, -1))
    return `${text.slice(0, at).replace(/\ncontent-length:\d+/, `\ncontent-length:${changed.length}`)}\n\n${changed}\0`
  })
}

type Replacement = string | ((...found: string[]) => string)

const replaced = (text: string, pattern: RegExp, replacement: Replacement): string =>
  typeof replacement === 'string' ? text.replace(pattern, replacement) : text.replace(pattern, replacement)

/** What the server understands of a client's message is something else, however many frames it holds. */
export function heardWhole (pattern: RegExp, replacement: Replacement): StompMutation {
  return () => ({ received: (text) => replaced(text, pattern, replacement) })
}

/** The same for each frame, for TCP may deliver several at once. */
export function heard (pattern: RegExp, replacement: Replacement): StompMutation {
  return () => ({ received: (text) => text.split(/(?<=\0)(?=[A-Z]+\n)/).map((one) => replaced(one, pattern, replacement)).join('') })
}

/** A frame that only has its receipt confirmed. */
export const idle = 'SEND\ndestination:/topic/nobody\n'

/** Frames that lack a header are taken as if they had it. */
export function supplied (commands: string, name: string, line: string): StompMutation {
  return heard(new RegExp(`^(${commands})\n(?!(?:[^\n]+\n)*${name}:)`), `$1\n${line}\n`)
}

export function closes (code: number, instead: number | undefined): StompMutation {
  return () => ({ closes: (close) => close.code !== code ? close : instead === undefined ? undefined : { ...close, code: instead } })
}
