import { doctorCommand } from './command.ts'

/** A person in trouble reads one line, whatever a server did to a socket that nothing waits for any more. */
process.on('uncaughtException', (error) => {
  process.stderr.write(`sockjs-doctor: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})

await doctorCommand().parseAsync()
