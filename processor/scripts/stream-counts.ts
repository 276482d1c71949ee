/**
 * What the gap check needs of a stream, without the entries that XINFO STREAM sends along.
 *
 * Replies {entries ever added, entries now, 1 if there is one after the given id}; zeros for a stream that doesn't
 * exist.
 *
 * KEYS  1 stream
 * ARGV  1 id
 */
import { defineScript } from "../../kernel/scripts.ts";

export const STREAM_COUNTS_SCRIPT = defineScript(
  "stream-counts",
  `#!lua flags=no-writes,allow-oom
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0, 0} end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local found = {}
for i = 1, #info, 2 do found[info[i]] = info[i + 1] end
return {found['entries-added'], found['length'], #redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1)}
`,
);
