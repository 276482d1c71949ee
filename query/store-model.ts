/**
 * Stores a new version of the model if nobody stored one meanwhile.
 *
 * Guarantees: versions are consecutive and each is written once; `current` names a version whose record is there.
 * Sent again after an unknown outcome, it answers as the first time did (the record is compared).
 *
 * Replies 1 when the version is stored, 0 when `current` is another than expected.
 *
 * KEYS  1 models
 * ARGV  1 the current version expected  2 the new version  3 the record
 */
import { defineScript } from "../kernel/scripts.ts";

export const STORE_MODEL_SCRIPT = defineScript(
  "store-model",
  `
local current = redis.call('HGET', KEYS[1], 'current') or '0'
if current == ARGV[2] and redis.call('HGET', KEYS[1], ARGV[2]) == ARGV[3] then return 1 end
if current ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], 'current', ARGV[2])
return 1
`,
);
