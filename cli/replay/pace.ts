/** Lets time pass between events as it did between them in life, or faster. */
import { setTimeout as pause } from "node:timers/promises";

export interface PaceOptions {
  /** 2 is twice as fast as life. */
  readonly speed: number;
  /** Milliseconds of a clock that only goes on. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called before a wait, so that nothing that is due lies around. */
  readonly beforeWait: (ms: number) => Promise<void>;
}

export interface Pace {
  /** Resolves when it is this instant's turn; the first one is at once. Instants that lie back don't wait. */
  reach(instant: number): Promise<void>;
}

/** Shorter waits would make a request of every event; they add up until they are worth one. */
const WAIT_MS_MIN = 20;
/** Timers can't be longer than 2^31 ms. */
const SLEEP_MS_MAX = 2 ** 30;

export function createPace({ speed, now, sleep, beforeWait }: PaceOptions): Pace {
  let start: { readonly at: number; readonly instant: number } | null = null;
  return {
    async reach(instant) {
      if (Number.isNaN(instant)) return;
      start ??= { at: now(), instant };
      const due = start.at + (instant - start.instant) / speed;
      if (due - now() < WAIT_MS_MIN) return;
      await beforeWait(due - now());
      // What beforeWait took is part of the wait.
      for (let ahead = due - now(); ahead > 0; ahead = due - now()) await sleep(Math.min(ahead, SLEEP_MS_MAX));
    },
  };
}

/** The clock and timers of the machine; a wait ends at once when the signal comes. */
export function machineTime(signal: AbortSignal): Pick<PaceOptions, "now" | "sleep"> {
  return {
    now: () => (signal.aborted ? Infinity : performance.now()),
    sleep: (ms) => pause(ms, undefined, { signal }).catch(() => {}),
  };
}
