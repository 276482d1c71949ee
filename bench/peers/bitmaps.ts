/** How many ids are in two sets of many: Sluice's bitmaps beside the native roaring ones. */
import { countCommon, createBitmap, setBit, wordsFor } from "../../query/bitmap.ts";
import { loadPeer } from "./load.ts";
import { createRandom } from "../random.ts";

interface Roaring {
  readonly RoaringBitmap32: {
    new (values: Uint32Array): RoaringBitmap;
  };
}

interface RoaringBitmap {
  andCardinality(other: RoaringBitmap): number;
  runOptimize(): boolean;
}

/** Two random sets of ids below `size`, each with this share of them. */
export interface BitmapPair {
  readonly sluice: () => number;
  readonly roaring: () => number;
}

export async function makePair(size: number, density: number): Promise<BitmapPair> {
  const { RoaringBitmap32 } = (await loadPeer("roaring")) as Roaring;
  const random = createRandom(11);
  const sets = [0, 1].map(() => {
    const dense = createBitmap(wordsFor(size));
    const ids: number[] = [];
    for (let id = 0; id < size; id++) {
      if (random() >= density) continue;
      setBit(dense, id);
      ids.push(id);
    }
    const roaring = new RoaringBitmap32(Uint32Array.from(ids));
    roaring.runOptimize();
    return { words: dense.words, roaring };
  });
  const [a, b] = sets;
  if (a === undefined || b === undefined) throw new Error("there are two sets");
  return { sluice: () => countCommon(a.words, b.words), roaring: () => a.roaring.andCardinality(b.roaring) };
}

/** µs of one call, the median of a few runs of some milliseconds each. */
export function timeOf(call: () => number, seconds: number): number {
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (times.length < 5 || performance.now() < until) {
    const begun = performance.now();
    let calls = 0;
    while (calls < 3 || performance.now() - begun < 5) {
      call();
      calls++;
    }
    times.push(((performance.now() - begun) * 1000) / calls);
  }
  times.sort((x, y) => x - y);
  return times[times.length >>> 1] ?? Number.NaN;
}
