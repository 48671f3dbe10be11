/* global importScripts, postMessage, trials */
/** The trials in a worker: a message names one, and the answer has its facts. */
importScripts('/stomp/stomp-client.js', '/echo/client.js', 'stomp/stomp.umd.js', 'trials.js')

globalThis.onmessage = async ({ data: { trial, options } }) => postMessage(await trials[trial](options))
