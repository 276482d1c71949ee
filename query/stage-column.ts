/** Which stage each contact is at, and who is at each: a set of slots for every stage that anybody is at. */
import { grownLength } from "./columns.ts";
import { SlotSet } from "./slot-set.ts";

const START_SLOTS = 64;
const STAGE_ID_MAX = 0xfffe;

export class StageColumn {
  /** Stage ids plus one, by slot: 0 is none. */
  #stages = new Uint16Array(START_SLOTS);
  /** By stage id plus one. */
  readonly #sets: (SlotSet | undefined)[] = [];

  reserve(slots: number): void {
    if (slots > this.#stages.length) this.#resize(slots);
  }

  /** Slots that there is room for. */
  get length(): number {
    return this.#stages.length;
  }

  /** Stage id, -1 for none. */
  get(slot: number): number {
    return (this.#stages[slot] ?? 0) - 1;
  }

  /** Contacts that are at a stage, or with -1 at none. */
  count(stage: number): number {
    return this.#sets[stage + 1]?.count ?? 0;
  }

  /** A contact that is new. */
  add(slot: number, stage: number): void {
    checkStage(stage);
    if (slot >= this.#stages.length) this.#resize(grownLength(this.#stages.length, slot + 1));
    this.#stages[slot] = stage + 1;
    this.#setOf(stage).add(slot, this.#stages.length);
  }

  /** A contact that was there goes. */
  remove(slot: number): void {
    this.#sets[this.#stages[slot] ?? 0]?.delete(slot);
    this.#stages[slot] = 0;
  }

  /** Moves a contact to a stage, -1 for none. */
  set(slot: number, stage: number): void {
    if (this.get(slot) === stage) return;
    checkStage(stage);
    this.remove(slot);
    this.add(slot, stage);
  }

  /** Sets the bits of everybody whose stage passes, in words that hold all slots; the test gets -1 for none. */
  markWhere(words: Uint32Array, test: (stage: number) => boolean): void {
    for (const [i, set] of this.#sets.entries()) {
      if (set !== undefined && set.count > 0 && test(i - 1)) set.markIn(words);
    }
  }

  #setOf(stage: number): SlotSet {
    while (this.#sets.length <= stage + 1) this.#sets.push(undefined);
    return (this.#sets[stage + 1] ??= new SlotSet());
  }

  #resize(slots: number): void {
    const stages = new Uint16Array(slots);
    stages.set(this.#stages);
    this.#stages = stages;
  }
}

function checkStage(stage: number): void {
  if (stage > STAGE_ID_MAX) throw new RangeError(`stage id ${stage} is over ${STAGE_ID_MAX}`);
}
