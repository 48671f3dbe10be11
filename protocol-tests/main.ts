import { Command } from 'commander'
import { configure } from './command.ts'

await configure(new Command('conformance')).parseAsync()
