/** Time as a dependency. The only file of the project that asks the machine what time it is. */

export interface Clock {
  /** Milliseconds since 1970, an integer. May jump back when the machine's time is set. */
  now(): number;
}

export const machineClock: Clock = { now: () => Date.now() };

/** `wall`: t is the machine's time. `event`: t is the largest timestamp accepted so far (replay). */
export type ClockMode = "wall" | "event";
