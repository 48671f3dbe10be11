// Engines by name, each with its own connection to what runs at an address. Their clients load only where they are used.

const SECRET = 'the secret of the bench'

export const ENGINES = {
  async hub (path) {
    const { hubEngine } = await import('../../dist/hub.js')
    return hubEngine({ path })
  },
  async nats (address) {
    const [{ natsEngine }, { connect }] = await Promise.all([import('../../dist/nats.js'), import('nats')])
    return natsEngine({ connect: () => connect({ servers: address, reconnectTimeWait: 250 }), namespace: 'bench', secret: SECRET })
  },
  async redis (address) {
    const [{ redisEngine }, { Redis }] = await Promise.all([import('../../dist/redis.js'), import('ioredis')])
    return redisEngine({ client: new Redis(`redis://${address}`, { lazyConnect: true }), namespace: 'bench', secret: SECRET })
  }
}
