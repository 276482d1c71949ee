/**
 * Long work gives way: between two turns of the event loop all queries together work for no longer than a slice, so that
 * short requests and the deltas wait for one portion and not for one of every query that is under way. Where all else
 * makes a turn longer than a slice (much to do, or a core that others use as well), the next slice is as long as that,
 * within a bound: else queries would come to a standstill just when the machine is busy.
 *
 * Who has not had a slice yet comes first, since it may be short; among the others the oldest goes on until it is done.
 * Taking turns instead would make all of them as late as the last.
 */

const SLICE_MS = 2;
const SLICE_MS_MAX = 8;

/** Gives way when the slice is used up; call it before the first portion and between any two. */
export type Breather = () => Promise<void>;

interface Waiter {
  readonly isNew: boolean;
  /** In order of beginning. */
  readonly number: number;
  readonly goOn: () => void;
}

const waiting: Waiter[] = [];
let begun = 0;
/** When the slice of this turn is used up, by `performance.now()`; null where nobody has had it. */
let sliceEnd: number | null = null;
/** When somebody last found the slice used up. */
let exhaustedAt = 0;

/** One for each query. */
export function createBreather(): Breather {
  const number = begun++;
  let isNew = true;
  return async () => {
    const now = performance.now();
    if (sliceEnd === null) beginSlice(now, SLICE_MS);
    else if (now >= sliceEnd) {
      exhaustedAt = now;
      await new Promise<void>((goOn) => {
        waiting.push({ isNew, number, goOn });
      });
    }
    isNew = false;
  };
}

function beginSlice(now: number, ms: number): void {
  sliceEnd = now + ms;
  setImmediate(endSlice);
}

/** The next turn, and with it the next slice. */
function endSlice(): void {
  sliceEnd = null;
  const next = takeNext();
  if (next === undefined) return;
  const now = performance.now();
  // Somebody was waiting, so the loop did not sleep: this is what all else took of the turn.
  beginSlice(now, Math.min(SLICE_MS_MAX, Math.max(SLICE_MS, now - exhaustedAt)));
  next.goOn();
}

function takeNext(): Waiter | undefined {
  const [first, ...others] = waiting;
  if (first === undefined) return undefined;
  const next = others.reduce((best, one) => (isBefore(one, best) ? one : best), first);
  waiting.splice(waiting.indexOf(next), 1);
  return next;
}

function isBefore(a: Waiter, b: Waiter): boolean {
  return a.isNew === b.isNew ? a.number < b.number : a.isNew;
}
