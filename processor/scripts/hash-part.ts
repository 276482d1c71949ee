/**
 * A part of a hash as one string: where values are small, a client would take thousands of them to pieces one by one, which
 * costs it more than what is in them.
 *
 * Replies {next cursor, for each field: u32 its length, the field, u32 the value's length, the value}, integers with the
 * lowest byte first. Cursors are HSCAN's: 0 begins and ends, a field may come twice.
 *
 * KEYS  1 hash
 * ARGV  1 cursor  2 about how many fields
 */
import { defineScript } from "../../kernel/scripts.ts";

export const HASH_PART_SCRIPT = defineScript(
  "hash-part",
  `#!lua flags=no-writes,allow-oom
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local parts = {}
for i, text in ipairs(found[2]) do
  parts[2 * i - 1] = struct.pack('<I4', #text)
  parts[2 * i] = text
end
return {found[1], table.concat(parts)}
`,
);
