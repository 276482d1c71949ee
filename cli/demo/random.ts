/** Chance that can be repeated: the same seed gives the same shop on every machine. */

export interface Random {
  /** From 0 up to but without 1. */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  between(min: number, max: number): number;
  pick<const L extends readonly [unknown, ...unknown[]]>(list: L): L[number];
  /** Waiting time of a Poisson process: positive, `mean` on average. */
  wait(mean: number): number;
}

/** SplitMix32: a Weyl sequence through the finaliser of MurmurHash3 (Guy Steele and others; public domain). */
export function createRandom(...seeds: readonly number[]): Random {
  let state = 0x9e3779b9;
  for (const seed of seeds) state = mix(state ^ (seed | 0)) + 0x9e3779b9;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
  const whole = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    chance: (probability) => next() < probability,
    whole,
    between: (min, max) => min + next() * (max - min),
    pick: (list) => list[whole(0, list.length - 1)] ?? list[0],
    wait: (mean) => -Math.log(1 - next()) * mean,
  };
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
