// Starts a server with the option `allowDrafts`, or without it, and prints the error.
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'

const app = Fastify()
await app.register(sockjs)
app.sockjs('/echo', process.argv[2] === 'without' ? {} : { allowDrafts: true }, () => {})
const error = await app.ready().then(() => ({ code: null }), (error) => error)
console.log(JSON.stringify({ code: error.code, message: error.message }))
await app.close()
