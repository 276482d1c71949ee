/**
 * Long work gives way: between two turns of the event loop all queries together work for no longer than a slice, so that
 * short requests and the deltas wait for one portion and not for one of every query that is under way.
 *
 * Who has not had a slice yet comes first, since it may be short; among the others the oldest goes on until it is done.
 * Taking turns instead would make all of them as late as the last.
 */

const SLICE_MS = 2;

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

/** One for each query. */
export function createBreather(): Breather {
  const number = begun++;
  let isNew = true;
  return async () => {
    if (sliceEnd === null) beginSlice();
    else if (performance.now() >= sliceEnd) {
      await new Promise<void>((goOn) => {
        waiting.push({ isNew, number, goOn });
      });
    }
    isNew = false;
  };
}

function beginSlice(): void {
  sliceEnd = performance.now() + SLICE_MS;
  setImmediate(endSlice);
}

/** The next turn, and with it the next slice. */
function endSlice(): void {
  sliceEnd = null;
  const next = takeNext();
  if (next === undefined) return;
  beginSlice();
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
