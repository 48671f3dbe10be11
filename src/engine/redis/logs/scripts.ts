/**
 * The scripts of logs. `KEYS` begin with the rule of the group and the state of the log.
 *
 * The state has the epoch, the offset of the last message (`last`), the bytes of all messages, and the offset of the first one (`oldest`).
 *
 * An offset is the time of the message, in microseconds since 2026, or one more than the last one. So a server that has lost the last messages,
 * by a crash or because a replica has taken over, never gives their offsets to others. Each message has the offset of the one before it in the
 * second half of its id, and a position whose message was lost fits no message that follows.
 */

/** Reads the rule and the time. `now` is the offset of this moment. */
const BEGIN = `local messages, bytes, ttl = string.match(redis.call('get', KEYS[1]) or '', '^(%d+) (%d+) (%d+)$')
if not messages then return redis.error_reply('NORULE the rule of the group is gone') end
messages, bytes, ttl = tonumber(messages), tonumber(bytes), tonumber(ttl)
local time = redis.call('time')
local now = (time[1] - 1767225600) * 1000000 + time[2]
`

/** Keeps the state for a day longer than the messages. So a position of a log that is empty by now stays sure. */
const KEEP_STATE = "redis.call('pexpire', KEYS[2], ttl + 86400000)\n"

/**
 * Appends a message, unless its id is there. Returns the epoch and the offset.
 *
 * `KEYS`: rule, state, entries, id. `ARGV`: message, channel, node, time of the id.
 */
export const APPEND = `${BEGIN}local state = redis.call('hmget', KEYS[2], 'epoch', 'last', 'bytes', 'oldest')
local isNew = redis.call('set', KEYS[4], '', 'nx', 'px', ARGV[4])
if state[1] and not isNew then return {state[1], state[2]} end
local epoch = state[1] or string.format('%s-%.0f', ARGV[3], now)
local last, kept, oldest = tonumber(state[2] or 0), tonumber(state[3] or 0), tonumber(state[4] or 0)
local offset = math.max(last + 1, now)
local count = redis.call('xlen', KEYS[3]) + 1
if count == 1 then kept, oldest = 0, offset end
redis.call('xadd', KEYS[3], string.format('%.0f-%.0f', offset, last), 'm', ARGV[1])
kept = kept + #ARGV[1]
while count > 1 and (count > messages or kept > bytes or oldest <= now - ttl * 1000) do
local first = redis.call('xrange', KEYS[3], '-', '+', 'count', 2)
redis.call('xdel', KEYS[3], first[1][1])
kept = kept - #first[1][2][2]
oldest = tonumber(string.match(first[2][1], '^%d+'))
count = count - 1
end
redis.call('hset', KEYS[2], 'epoch', epoch, 'last', offset, 'bytes', kept, 'oldest', oldest)
redis.call('pexpire', KEYS[3], ttl)
${KEEP_STATE}local place = string.format('%s %.0f', epoch, offset)
redis.call('publish', ARGV[2], string.format('%s %.0f\\n', place, last) .. ARGV[1])
return {epoch, string.format('%.0f', offset)}`

/**
 * Reads the messages behind a position. The first one must name exactly this offset as the one before it.
 *
 * Returns null if a message may be missing. `KEYS`: rule, state, entries. `ARGV`: epoch, offset.
 */
export const SINCE = `${BEGIN}local state = redis.call('hmget', KEYS[2], 'epoch', 'last')
if state[1] ~= ARGV[1] then return false end
if state[2] == ARGV[2] then return {} end
local entries = redis.call('xrange', KEYS[3], string.format('%.0f-0', ARGV[2] + 1), '+')
if not entries[1] then return false end
local offset, previous = string.match(entries[1][1], '^(%d+)-(%d+)$')
if previous ~= ARGV[2] or tonumber(offset) <= now - ttl * 1000 then return false end
return entries`

/** Reads the epoch and the last message. Returns null if it is not kept. `KEYS`: rule, state, entries. */
export const LAST = `${BEGIN}local state = redis.call('hmget', KEYS[2], 'epoch', 'last')
if not state[1] then return false end
local entries = redis.call('xrevrange', KEYS[3], '+', '-', 'count', 1)
if not entries[1] then return false end
local offset = string.match(entries[1][1], '^%d+')
if offset ~= state[2] or tonumber(offset) <= now - ttl * 1000 then return false end
return {state[1], entries[1]}`

/**
 * Reads the epoch and the offset of the last message. A log that is not there gets its epoch, so that its first message is behind this position.
 *
 * `KEYS`: rule, state. `ARGV`: node.
 */
export const POSITION = `${BEGIN}local state = redis.call('hmget', KEYS[2], 'epoch', 'last')
if not state[1] then
state = {string.format('%s-%.0f', ARGV[1], now), '0'}
redis.call('hset', KEYS[2], 'epoch', state[1], 'last', '0', 'bytes', '0', 'oldest', '0')
end
${KEEP_STATE}return state`
