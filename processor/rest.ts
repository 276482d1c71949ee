/**
 * How long a thread lets entries come together before it reads on. Each read costs something, and each step that
 * follows from it, in every partition: a thread with much to do does the same work in fewer and larger steps. So the
 * pause grows with what the thread has worked since the read before, up to a bound; one with little to do reads on at once.
 */

export interface Rest {
  /** A read has brought all that there was. */
  begin(): void;
  /** ms until the next one may begin; grows while the thread works on what was read. */
  left(): number;
}

export interface RestOptions {
  /** From one read to the next at most, ms. 0: no pause at all. */
  readonly longestMs: number;
  /** A monotonic time, ms. */
  readonly ticks: () => number;
  /** How long the thread has worked since it began, ms. */
  readonly busyMs: () => number;
}

/** A thread that has worked for so long since a read may read again after so many times as long: a fifth of its time. */
const PAUSE_FOR_WORK = 4;

export function createRest({ longestMs, ticks, busyMs }: RestOptions): Rest {
  let begun = -Infinity;
  let busyBefore = 0;
  return {
    begin() {
      begun = ticks();
      busyBefore = busyMs();
    },
    left() {
      const pauseMs = Math.min(longestMs, (busyMs() - busyBefore) * PAUSE_FOR_WORK);
      return Math.max(0, begun + pauseMs - ticks());
    },
  };
}
