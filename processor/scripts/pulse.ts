/**
 * Writes the owner's sign of life, if the caller is the owner: a former owner that wakes up late must not claim that
 * the partition has reached an instant.
 *
 * Replies 1, or 0 when the partition has another owner.
 *
 * KEYS  1 owner  2 heartbeat
 * ARGV  1 token  2 heartbeat
 */
import { defineScript } from "../../kernel/scripts.ts";

export const PULSE_SCRIPT = defineScript(
  "pulse",
  `#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1
`,
);
