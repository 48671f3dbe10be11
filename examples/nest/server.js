// Under NestJS with its Fastify adapter: `app.sockjs` is on the Fastify instance below. After `npm run build`: node examples/nest/server.js
import 'reflect-metadata'
import { Controller, Get, Injectable, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import sockjs from 'fastify-sockjs'

/** A provider of Nest, which the handlers of the endpoint use. */
class Greeter {
  greet (name) { return `hello ${name}` }
}
Injectable()(Greeter)

class GreetingController {
  greet () { return { greeting: 'hello over HTTP' } }
}
Controller('greeting')(GreetingController)
Get()(GreetingController.prototype, 'greet', Object.getOwnPropertyDescriptor(GreetingController.prototype, 'greet'))

class AppModule {}
Module({ controllers: [GreetingController], providers: [Greeter] })(AppModule)

// TypeScript makes these calls from @Injectable(), @Controller('greeting'), @Get() and @Module().
const nest = await NestFactory.create(AppModule, new FastifyAdapter())
nest.enableShutdownHooks()

const fastify = nest.getHttpAdapter().getInstance()
await fastify.register(sockjs)
fastify.sockjs('/greetings', (session) => {
  const greeter = nest.get(Greeter)
  session.on('message', (name) => session.send(greeter.greet(name)))
})

await nest.listen(Number(process.env.PORT ?? 3000))
