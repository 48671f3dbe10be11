// Runs one trial with the client of this package, and prints its facts: `run.mjs '{"trial":"echo","url":…}'`.
import SockJS from 'fastify-sockjs/client'
import { connectStomp } from 'fastify-sockjs/client/stomp'
import { Client } from '@stomp/stompjs'

Object.assign(globalThis, { SockJS, connectStomp, StompJs: { Client } })
// Node 20 has no WebSocket.
globalThis.WebSocket ??= (await import('ws')).WebSocket
await import('./trials.mjs')

const { trial, ...options } = JSON.parse(process.argv[2])
console.log(`facts ${JSON.stringify(await globalThis.trials[trial](options))}`)
