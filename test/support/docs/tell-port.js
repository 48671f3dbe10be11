// Loaded before a program that was forked: tells the parent the port of its first server.
import { Server } from 'node:net'

const { listen } = Server.prototype
let told = false

Server.prototype.listen = function (...args) {
  this.once('listening', () => {
    if (!told) process.send(this.address())
    told = true
  })
  return listen.apply(this, args)
}
