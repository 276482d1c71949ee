/** Ids of Redis stream entries, `ms-seq`: both parts unsigned, compared as numbers, first the one, then the other. */

/** Before every entry. */
export const STREAM_START = "0-0";

/** Negative when `a` comes before `b`, 0 when they are the same, positive when it comes after. */
export function compareStreamIds(a: string, b: string): number {
  const [aMs, aSeq] = partsOf(a);
  const [bMs, bSeq] = partsOf(b);
  return aMs - bMs || aSeq - bSeq;
}

/** The smallest id after `id`. */
export function nextStreamId(id: string): string {
  const [ms, seq] = partsOf(id);
  return `${ms}-${seq + 1}`;
}

/** Ids are far below 2^53 in both parts: milliseconds since 1970 and a counter within one. */
function partsOf(id: string): readonly [ms: number, seq: number] {
  const dash = id.indexOf("-");
  const ms = Number(dash === -1 ? id : id.slice(0, dash));
  const seq = dash === -1 ? 0 : Number(id.slice(dash + 1));
  if (!Number.isSafeInteger(ms) || !Number.isSafeInteger(seq)) throw new RangeError(`not a stream id: ${id}`);
  return [ms, seq];
}
