'use strict'

const { cases, reporters, runConformance } = require('sockjs-conformance')

if (typeof runConformance !== 'function') throw new Error('a named export is missing')
console.log(JSON.stringify({ cases: cases.length > 0, reporters: Object.keys(reporters) }))
