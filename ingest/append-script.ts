/**
 * Appends entries to streams; a stream that comes several times gets several, in their order.
 *
 * Guarantees
 * - A stream that can't take its entry (a key of another type, a server out of memory) keeps no other from taking its
 *   own: every append is tried, and those that failed are told.
 * - One command and one reply however many streams there are: the client's bookkeeping for a command of its own
 *   costs several times what Redis spends on appending a small entry.
 *
 * Replies a flat list of the places (from 1) of what failed, each with its error; empty when all is in.
 *
 * KEYS  a stream for each entry; on one server only, since they don't share a slot
 * ARGV  the entries
 */
import { defineScript } from "../kernel/scripts.ts";

export const APPEND_SCRIPT = defineScript(
  "append",
  `local failed = {}
for i = 1, #KEYS do
  local reply = redis.pcall('XADD', KEYS[i], '*', 'e', ARGV[i])
  if type(reply) == 'table' and reply.err then
    failed[#failed + 1] = i
    failed[#failed + 1] = reply.err
  end
end
return failed
`,
);
