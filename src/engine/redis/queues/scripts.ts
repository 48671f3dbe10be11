/**
 * The scripts of queues. Every message has a number, and the numbers of a queue rise by one. A queue that is empty begins again.
 *
 * - `state`: the number of the last message (`last`), that of the last one that was taken for the first time (`taken`), the bytes of all
 * - `data`: the messages by their numbers
 * - `back`: the numbers of the messages that came back. They are lower than the numbers of messages that were never taken, so that the messages keep their places
 * - `holders`: the owner of each message that is taken. An owner is a node in one round, which ends when its connection is lost
 * - `returns`: how often a message came back
 * - `owners`: the number of messages of each owner
 *
 * The channel of the queue tells the nodes when its first message waits. A node that has seen an empty queue waits for that.
 */

/** The keys that all scripts have in common, in this order. */
export const PARTS = ['state', 'data', 'back', 'holders', 'returns', 'owners'] as const

/**
 * Adds a message, unless its id is there. Returns the bound that has no room for it, or the empty text.
 *
 * `KEYS`: state, data, back, id. `ARGV`: message, most messages, most bytes, channel, time of the id.
 */
export const PUSH = `if redis.call('exists', KEYS[4]) == 1 then return '' end
if redis.call('hlen', KEYS[2]) >= tonumber(ARGV[2]) then return 'messages' end
local state = redis.call('hmget', KEYS[1], 'last', 'taken', 'bytes')
local last, taken, bytes = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0) + #ARGV[1]
if bytes > tonumber(ARGV[3]) then return 'bytes' end
redis.call('set', KEYS[4], '', 'px', ARGV[5])
redis.call('hset', KEYS[2], last + 1, ARGV[1])
redis.call('hset', KEYS[1], 'last', last + 1, 'bytes', bytes)
if taken == last and redis.call('zcard', KEYS[3]) == 0 then redis.call('publish', ARGV[4], '') end
return ''`

/**
 * Shows a queue: the number of its messages, their bytes, and the first messages that wait.
 *
 * `KEYS`: state, data, back. `ARGV`: most messages, most bytes of them.
 */
export const VIEW = `local state = redis.call('hmget', KEYS[1], 'last', 'taken', 'bytes')
local last, taken, room = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(ARGV[2])
local most, found = tonumber(ARGV[1]), {}
local back = most > 0 and redis.call('zrange', KEYS[3], 0, most - 1) or {}
for i = 1, math.min(most, #back + last - taken) do
local data = redis.call('hget', KEYS[2], back[i] or string.format('%.0f', taken + i - #back))
if data and room > 0 then
found[#found + 1] = data
room = room - #data
end
end
return {redis.call('hlen', KEYS[2]), state[3] or '0', found}`

/** Reads the state, and counts the messages that wait. The first write is one that a full server allows, and then it allows the others. */
const BEGIN = `redis.call('hdel', KEYS[6], '')
local owner, channel = ARGV[1], ARGV[2]
local state = redis.call('hmget', KEYS[1], 'last', 'taken', 'bytes')
local last, taken, bytes = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
local waited = last - taken + redis.call('zcard', KEYS[3])
`

/** Tells the nodes that a first message waits. `waiting` is the number of messages that wait now. */
const TELL = `local waiting = last - taken + redis.call('zcard', KEYS[3])
if waited == 0 and waiting > 0 then redis.call('publish', channel, '') end
`

/**
 * Does all operations of one node on a queue in one turn: acknowledges, gives back, and takes.
 *
 * Returns the number of messages that wait, the numbers that this owner did not have any more, and the messages that were taken. Each of these has
 * its number, the count of its returns, and its data.
 *
 * `KEYS`: `PARTS`. `ARGV`: owner, channel, messages to take, bytes to take, count of acknowledgements, count of messages to give back. The numbers
 * of both follow. The last ones are the numbers to give back that no consumer has seen.
 */
export const TURN = `${BEGIN}local want, room, acks, backs = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local missing, found, held = {}, {}, 0
for i = 7, #ARGV do
local number = ARGV[i]
if redis.call('hget', KEYS[4], number) ~= owner then
if i < 7 + acks then missing[#missing + 1] = number end
else
redis.call('hdel', KEYS[4], number)
held = held - 1
if i < 7 + acks then
bytes = bytes - redis.call('hstrlen', KEYS[2], number)
redis.call('hdel', KEYS[2], number)
redis.call('hdel', KEYS[5], number)
else
redis.call('zadd', KEYS[3], number, number)
if i < 7 + acks + backs then redis.call('hincrby', KEYS[5], number, 1) end
end
end
end
local back = redis.call('zcard', KEYS[3])
while want > 0 and room > 0 and (back > 0 or taken < last) do
local number, returns
if back > 0 then
number = redis.call('zpopmin', KEYS[3])[1]
returns = redis.call('hget', KEYS[5], number) or '0'
back = back - 1
else
taken = taken + 1
number = string.format('%.0f', taken)
returns = '0'
end
local data = redis.call('hget', KEYS[2], number)
redis.call('hset', KEYS[4], number, owner)
found[#found + 1] = number
found[#found + 1] = returns
found[#found + 1] = data
held, want, room = held + 1, want - 1, room - #data
end
if held ~= 0 and redis.call('hincrby', KEYS[6], owner, held) == 0 then redis.call('hdel', KEYS[6], owner) end
if redis.call('hlen', KEYS[2]) == 0 then redis.call('del', KEYS[1])
else redis.call('hset', KEYS[1], 'taken', taken, 'bytes', bytes) end
${TELL}return {waiting, missing, found}`

/**
 * Gives back all messages of an owner that is gone. Returns their number.
 *
 * `KEYS`: `PARTS`. `ARGV`: owner, channel.
 */
export const RETURN = `${BEGIN}if redis.call('hexists', KEYS[6], owner) == 0 then return 0 end
local count, holders = 0, redis.call('hgetall', KEYS[4])
for i = 1, #holders, 2 do
if holders[i + 1] == owner then
redis.call('hdel', KEYS[4], holders[i])
redis.call('zadd', KEYS[3], holders[i], holders[i])
redis.call('hincrby', KEYS[5], holders[i], 1)
count = count + 1
end
end
redis.call('hdel', KEYS[6], owner)
${TELL}return count`
