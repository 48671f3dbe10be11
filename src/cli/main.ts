#!/usr/bin/env node
import { Command } from 'commander'
import { addConformanceCommand } from 'fastify-sockjs/conformance'
import { version } from '../embedded/version.ts'
import { addServeCommand } from './serve.ts'

const program = new Command('fastify-sockjs')
  .description('SockJS for Fastify: a server to try clients with, and a conformance runner')
  .version(version)
  .showHelpAfterError()

addServeCommand(program)
addConformanceCommand(program)
await program.parseAsync()
