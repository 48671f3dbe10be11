import { createServer } from 'node:http'
import StompServer from 'stomp-broker-js'
import { serve } from './serve.js'

const server = createServer()
const broker = new StompServer({ server, path: '/stomp' })
broker.on('error', () => {})
serve(server)
