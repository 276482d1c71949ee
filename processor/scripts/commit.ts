/**
 * One commit of a partition: everything that a step changed, or nothing.
 *
 * Guarantees
 * - Writes only if `owner` is the caller's token and `seq` is what the caller expects. So of two owners only the one
 *   with the newest epoch can write, and each step is written once however often the request arrives.
 * - All arguments and the types of all keys are checked before the first write, since a script that fails in the
 *   middle isn't rolled back. The first write is the delta, the one command that could still refuse (an id that isn't
 *   the stream's largest).
 * - Runs when the server is over `maxmemory` as well (`allow-oom`): a commit is what lets the input stream be trimmed,
 *   so refusing it would keep a full server full. Ingest is what stops then.
 *
 * Error replies: `FENCED` another owner has taken over; `STALE n` the partition is at step n; `BADARGS` a fault of
 * the caller. Anything else (OOM, MISCONF, READONLY) comes from the server before the first write.
 *
 * KEYS  1 owner  2 state  3 in  4 deltas  5 feed  6 pages  7 index  8 seen  9 rejected
 * ARGV  1 token  2 expected seq  3 seq after (the same: no step)  4 epoch
 *       5 offset  6 consumed  7 now  8 clock  9 model  10 contacts
 *       11 step  12 rows  13 replies  14 feed rows  15 feed entries to keep
 *       16 checkpoint  17 in: smallest id to keep  18 deltas: smallest id to keep
 *       19 pages P  20 seen to write W  21 seen to remove R  22 rejected E  23 rejected entries to keep
 *       then P x (number, page, index), W x (field, bytes), R x field, E x (code, message, at, event)
 *       An empty string stands for "none" in 11 to 14 and 16 to 18.
 */
import { LIMITS } from "../../kernel/limits.ts";
import { defineScript } from "../../kernel/scripts.ts";

/** Arguments in front of the variable part. */
export const COMMIT_FIXED_ARGS = 23;

export const COMMIT_SCRIPT = defineScript(
  "commit",
  `#!lua flags=allow-oom
local owner = redis.call('GET', KEYS[1])
if owner ~= ARGV[1] then return redis.error_reply('FENCED by ' .. tostring(owner)) end
local seq = tonumber(redis.call('HGET', KEYS[2], 'seq') or '0')
local expected, after, epoch = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if seq ~= expected then return redis.error_reply('STALE ' .. string.format('%.0f', seq)) end

local pages, writes, removes = tonumber(ARGV[19]), tonumber(ARGV[20]), tonumber(ARGV[21])
local poison, poisonMax = tonumber(ARGV[22]), tonumber(ARGV[23])
local feedMax = tonumber(ARGV[15])
local function bad(what) return redis.error_reply('BADARGS ' .. what) end
if not (after and epoch and pages and writes and removes and poison and poisonMax and feedMax) then
  return bad('a number is missing')
end
if #ARGV ~= ${COMMIT_FIXED_ARGS} + 3 * pages + 2 * writes + removes + 4 * poison then return bad('count') end
local stepped = after ~= expected
if after ~= expected and after ~= expected + 1 then return bad('seq after') end
if stepped ~= (ARGV[11] ~= '') then return bad('step') end
if not stepped and (ARGV[12] ~= '' or ARGV[13] ~= '' or ARGV[14] ~= '' or poison > 0) then
  return bad('results without a step')
end
local types = {'string', 'hash', 'stream', 'stream', 'stream', 'hash', 'hash', 'hash', 'stream'}
for i, expectedType in ipairs(types) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= expectedType and found ~= 'none' then return bad('type of ' .. KEYS[i] .. ' is ' .. found) end
end

local id = string.format('%.0f-%.0f', epoch, after)
if stepped then
  local delta = {'s', ARGV[11]}
  if ARGV[12] ~= '' then delta[#delta + 1] = 'r'; delta[#delta + 1] = ARGV[12] end
  if ARGV[13] ~= '' then delta[#delta + 1] = 'a'; delta[#delta + 1] = ARGV[13] end
  redis.call('XADD', KEYS[4], id, unpack(delta))
  if ARGV[14] ~= '' then redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[15], id, 'f', ARGV[14]) end
end

local at = ${COMMIT_FIXED_ARGS} + 1
local function hset(key, values)
  if #values > 0 then redis.call('HSET', key, unpack(values)) end
end
local pageValues, indexValues = {}, {}
for _ = 1, pages do
  local n = #pageValues
  pageValues[n + 1], pageValues[n + 2] = ARGV[at], ARGV[at + 1]
  indexValues[n + 1], indexValues[n + 2] = ARGV[at], ARGV[at + 2]
  at = at + 3
  if n + 2 >= ${LIMITS.lua_values_max} then
    hset(KEYS[6], pageValues)
    hset(KEYS[7], indexValues)
    pageValues, indexValues = {}, {}
  end
end
hset(KEYS[6], pageValues)
hset(KEYS[7], indexValues)

local seenValues = {}
for _ = 1, writes do
  local n = #seenValues
  seenValues[n + 1], seenValues[n + 2] = ARGV[at], ARGV[at + 1]
  at = at + 2
  if n + 2 >= ${LIMITS.lua_values_max} then
    hset(KEYS[8], seenValues)
    seenValues = {}
  end
end
hset(KEYS[8], seenValues)
local gone = {}
for _ = 1, removes do
  gone[#gone + 1] = ARGV[at]
  at = at + 1
  if #gone >= ${LIMITS.lua_values_max} then
    redis.call('HDEL', KEYS[8], unpack(gone))
    gone = {}
  end
end
if #gone > 0 then redis.call('HDEL', KEYS[8], unpack(gone)) end

for _ = 1, poison do
  redis.call('XADD', KEYS[9], 'MAXLEN', '~', ARGV[23], '*',
    'code', ARGV[at], 'message', ARGV[at + 1], 'at', ARGV[at + 2], 'event', ARGV[at + 3])
  at = at + 4
end

if ARGV[16] ~= '' then redis.call('HSET', KEYS[2], 'checkpoint', ARGV[16]) end
if ARGV[17] ~= '' then redis.call('XTRIM', KEYS[3], 'MINID', ARGV[17]) end
if ARGV[18] ~= '' then redis.call('XTRIM', KEYS[4], 'MINID', ARGV[18]) end
redis.call('HSET', KEYS[2], 'seq', ARGV[3], 'offset', ARGV[5], 'consumed', ARGV[6], 'now', ARGV[7],
  'clock', ARGV[8], 'model', ARGV[9], 'contacts', ARGV[10])
if stepped then redis.call('HSET', KEYS[2], 'epoch', ARGV[4]) end
return 1
`,
);
