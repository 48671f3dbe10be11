#!/usr/bin/env node
import { createRequire } from 'node:module'
import { Command } from 'commander'
import { addConformanceCommand } from 'fastify-sockjs/conformance'
import { addServeCommand } from './serve.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

const program = new Command('fastify-sockjs')
  .description('SockJS for Fastify: a server to try clients with, and a conformance runner')
  .version(version)
  .showHelpAfterError()

addServeCommand(program)
addConformanceCommand(program)
await program.parseAsync()
