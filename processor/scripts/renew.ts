/**
 * Renews a lease. One that ran out is renewed as well while nobody else has taken the partition: a pause alone (of
 * the process, of the network, of Redis) costs nothing.
 *
 * Replies 1, or 0 when the partition has another owner.
 *
 * KEYS  1 lease  2 owner
 * ARGV  1 lease value  2 lease, ms  3 nonce
 */
import { defineScript } from "../../kernel/scripts.ts";

export const RENEW_SCRIPT = defineScript(
  "renew",
  `#!lua flags=allow-oom
local nonce = string.match(redis.call('GET', KEYS[2]) or '', '^%d+:(.*)$')
if nonce ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
);
