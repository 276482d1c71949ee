/**
 * Numbers in [0, 1), the same for the same seed: Marsaglia's xorshift with 32 bits of state ("Xorshift RNGs", 2003).
 * Seeds next to each other begin far apart.
 */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
