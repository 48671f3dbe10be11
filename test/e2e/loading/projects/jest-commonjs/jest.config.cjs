'use strict'

module.exports = {
  transform: { '\\.js$': ['babel-jest', { presets: [['@babel/preset-env', { targets: { node: 'current' } }]] }] },
  // fastify-sockjs, and a package that app.inject() of Fastify loads.
  transformIgnorePatterns: ['/node_modules/(?!(fastify-sockjs|cookie)/)']
}
