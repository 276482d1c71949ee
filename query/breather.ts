/** Work on all partitions in portions, so that no request keeps the others and the deltas waiting for long. */

const SLICE_MS = 2;

/** Gives way when the last time is a while ago; call it between two portions. */
export type Breather = () => Promise<void>;

export function createBreather(): Breather {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun < SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    begun = performance.now();
  };
}
