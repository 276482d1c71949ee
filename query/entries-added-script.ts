/**
 * How many entries a stream has ever had, without the first and the last of them, which XINFO STREAM sends along: some
 * ten kilobytes each, for every partition, whenever somebody looks at the state of the server.
 *
 * Replies a number; 0 for a stream that doesn't exist.
 *
 * KEYS  1 stream
 */
import { defineScript } from "../kernel/scripts.ts";

export const ENTRIES_ADDED_SCRIPT = defineScript(
  "entries-added",
  `#!lua flags=no-writes,allow-oom
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
  if info[i] == 'entries-added' then return info[i + 1] end
end
return 0
`,
);
