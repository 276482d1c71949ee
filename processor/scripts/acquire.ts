/**
 * Takes a partition whose lease has run out, or whose holder is known to have ended.
 *
 * Guarantees
 * - At most one caller gets it for as long as the lease lasts. The lease is for liveness only: what keeps a former
 *   owner from writing is the token, which names the newest epoch and never expires.
 * - The epoch is larger than any before it, and at least the server's time in milliseconds: so even after a failover
 *   that lost the last acquisitions no epoch is given twice, and ids `epoch-seq` never come back.
 *
 * Replies the epoch as text, or nil when somebody else holds the lease.
 *
 * KEYS  1 lease  2 owner  3 state
 * ARGV  1 lease value  2 lease, ms  3 nonce  4 the value of a lease whose holder has ended ("" or left out: none)
 */
import { defineScript } from "../../kernel/scripts.ts";

export const ACQUIRE_SCRIPT = defineScript(
  "acquire",
  `#!lua flags=allow-oom
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[4] then return nil end
local owner = redis.call('GET', KEYS[2]) or '0:'
local before = tonumber(string.match(owner, '^(%d+):')) or 0
local committed = tonumber(redis.call('HGET', KEYS[3], 'epoch') or '0')
local time = redis.call('TIME')
local epoch = math.max(before + 1, committed + 1, time[1] * 1000 + math.floor(time[2] / 1000))
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], text .. ':' .. ARGV[3])
return text
`,
);
