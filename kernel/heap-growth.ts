/**
 * How much a heap may grow before V8 marks all of it again. V8 counts new buffers (bodies of requests, entries, replies) as
 * growth of the old generation, however short their lives. A heap of 30 MB it lets grow by some 20: that many come within a
 * quarter of a second, and the threads that mark took a sixth of all CPU.
 */
import { setFlagsFromString } from "node:v8";

/**
 * In percent of what was alive after the last marking: as far as V8 itself lets a heap grow at most, where marking takes
 * little of its time (`kMaxGrowingFactor` in its heap/heap-controller).
 */
const GROWTH_PERCENT = 300;

/** For all threads of the process, from their next marking on. */
export function letHeapsGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
