import { demoCommand } from './serve.ts'

await demoCommand().parseAsync()
