import { conformanceCommand } from './command.ts'

await conformanceCommand().parseAsync()
