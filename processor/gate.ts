/**
 * How the partitions of a worker share its thread while some of them load. A few load at a time, in the order in which
 * they came, so that the first are ready early; those that are ready make one step in each turn of the event loop, so
 * that the others get on as well.
 */

export interface Gate {
  /** Whether anything is inside. */
  readonly busy: boolean;
  /** What `work` gives or throws, once it has had its turn. */
  pass<T>(work: () => Promise<T>): Promise<T>;
  /** For those outside while it is busy: resolves for one of them in each turn of the event loop. */
  giveWay(): Promise<void>;
}

export function createGate(places: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  let last: Promise<void> = Promise.resolve();
  return {
    get busy() {
      return inside > 0;
    },
    async pass(work) {
      if (inside < places) inside++;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) inside--;
        else next();
      }
    },
    giveWay() {
      last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
      return last;
    },
  };
}
