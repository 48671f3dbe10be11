// The hub in a process of its own, as in the primary of node:cluster.
import { startHub } from '../../dist/hub.js'
import { ready } from './serve.js'

ready((await startHub()).path)
