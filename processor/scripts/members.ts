/**
 * Says that a processor process lives and lists those that do, by the server's clock, so that clocks of machines
 * needn't agree.
 *
 * Replies the ids of processes seen within the time limit, in an order that is the same for everybody.
 *
 * KEYS  1 processors
 * ARGV  1 the caller's id  2 time limit, ms
 */
import { defineScript } from "../../kernel/scripts.ts";

export const MEMBERS_SCRIPT = defineScript(
  "members",
  `#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - tonumber(ARGV[2])))
local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
table.sort(ids)
return ids
`,
);
