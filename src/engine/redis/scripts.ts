/**
 * The scripts. Each one uses a single key, so that all of them work in a Redis Cluster, where the keys of claims and leases are on different
 * servers. They are sent whole: after a restart the server does not know them by their hash, and a publication must not fail for that.
 */

/**
 * Claims a key that is free, or that has the token `ARGV[2]`, whose lease is gone. Returns the token that has the key.
 *
 * The claim also renews the expiry of a key that is ours.
 */
export const TAKE = `local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[2] then return holder end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[3])
return ARGV[1]`

/** Frees a key that is ours. */
export const FREE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

/** Renews a lease, and publishes an echo to its node. Returns 0 if the lease is gone. A full server does it too. */
export const RENEW = "redis.call('publish', ARGV[2], ARGV[3]) return redis.call('pexpire', KEYS[1], ARGV[1])"

/** Publishes at the server that has a key. Publications at several servers of a Redis Cluster would lose their order. */
export const PUBLISH = "return redis.call('publish', ARGV[1], ARGV[2])"
