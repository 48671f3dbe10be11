/** Warnings that are no fault of the package: their exact name, the beginning of their text, and the reason. */
const ALLOWED: readonly { name: string, text: string, why: string }[] = []

/** Calls `listener` with the text of each process warning that a test run must not have. */
export function onWarning (listener: (text: string) => void): void {
  process.on('warning', (warning) => {
    if (ALLOWED.some(({ name, text }) => warning.name === name && warning.message.startsWith(text))) return
    listener(warning.stack ?? String(warning))
  })
}

/** The process warnings that a child has printed. Its output must be complete. */
export function warningsIn (output: string): string[] {
  return output.split('\n').filter((line) => /^\(node:\d+\) /.test(line) && !ALLOWED.some(({ name, text }) => line.includes(`${name}: ${text}`)))
}
