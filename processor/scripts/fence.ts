/**
 * Moves the caller's own token to a new epoch. Every recovery begins with it: whatever the caller sent before and
 * doesn't know the outcome of has either happened by now or is refused for ever, so what recovery reads can't change
 * under it.
 *
 * Guarantees: as for acquiring, but only while the caller still is the owner. May be sent again after an unknown
 * outcome: the nonce says whose the token is, whatever its epoch.
 *
 * Replies the epoch as text, or nil when the partition has another owner.
 *
 * KEYS  1 owner  2 state
 * ARGV  1 nonce
 */
import { defineScript } from "../../kernel/scripts.ts";

export const FENCE_SCRIPT = defineScript(
  "fence",
  `#!lua flags=allow-oom
local owner = redis.call('GET', KEYS[1]) or ''
local before, nonce = string.match(owner, '^(%d+):(.*)$')
if nonce ~= ARGV[1] then return nil end
local committed = tonumber(redis.call('HGET', KEYS[2], 'epoch') or '0')
local time = redis.call('TIME')
local epoch = math.max(tonumber(before) + 1, committed + 1, time[1] * 1000 + math.floor(time[2] / 1000))
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], text .. ':' .. nonce)
return text
`,
);
