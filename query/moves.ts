/**
 * When each contact last entered or left a segment, as far as deltas have said so: the step of its newest move since
 * the view was loaded. Pages of that step or a later one hold what this view knows of the contact's memberships.
 */
import { grownUint32 } from "./columns.ts";

const STEPS_MAX = 0xffffffff;

export class Moves {
  /** Steps count from here, so that they fit four bytes. */
  readonly #base: number;
  #steps = new Uint32Array(0);

  /** `loaded` is the step from which on deltas are taken. */
  constructor(loaded: number) {
    this.#base = loaded;
  }

  note(slot: number, seq: number): void {
    if (slot >= this.#steps.length) this.#steps = grownUint32(this.#steps, slot + 1);
    this.#steps[slot] = Math.min(STEPS_MAX, seq - this.#base);
  }

  /** Whether what a page of step `seq` says of the contact's memberships is no older than its newest move. */
  isKnownTo(slot: number, seq: number): boolean {
    const step = this.#steps[slot] ?? 0;
    return step < STEPS_MAX && seq >= this.#base + step;
  }
}
