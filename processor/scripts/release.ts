/**
 * Gives a lease back, if it is the caller's, so that another process can take the partition at once. The token stays:
 * it goes on refusing what older owners might still send.
 *
 * KEYS  1 lease
 * ARGV  1 lease value
 */
import { defineScript } from "../../kernel/scripts.ts";

export const RELEASE_SCRIPT = defineScript(
  "release",
  `#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
);
