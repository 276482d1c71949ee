/**
 * Who has which tag with how many points, sparse. One pool of entries, each on two chains: the tags of a slot, and
 * the slots of a tag. 28 bytes an entry however many tags there are; 10,000 dense columns of a million contacts
 * would be tens of gigabytes. A contact has few tags (at most some 1,000), so its chain is walked to find one.
 */

/** Numbers for names of tags, shared by all partitions of a process. A number is never given twice. */
export class TagNames {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#names.push(name);
    this.#numbers.set(name, number);
    return number;
  }

  /** -1 for a name that nobody ever had. */
  find(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  name(number: number): string {
    return this.#names[number] ?? "";
  }
}

const NONE = 0;
const START = 64;

export class TagTable {
  /** Entry numbers count from 1; 0 ends a chain. */
  #tags = new Uint32Array(START);
  #slots = new Uint32Array(START);
  #points = new Float64Array(START);
  #nextOfSlot = new Uint32Array(START);
  #nextOfTag = new Uint32Array(START);
  #previousOfTag = new Uint32Array(START);
  #end = 1;
  /** Entries given back, chained by `#nextOfSlot`. */
  #free = NONE;
  #slotHeads = new Uint32Array(START);
  #tagHeads = new Uint32Array(START);
  #tagCounts = new Uint32Array(START);
  /** Micro points of all contacts together; whole numbers, so that adding and taking away leaves no dust. */
  #tagPoints = new Float64Array(START);

  /** Contacts that have the tag. */
  count(tag: number): number {
    return this.#tagCounts[tag] ?? 0;
  }

  /** Micro points of the tag over all contacts. */
  total(tag: number): number {
    return this.#tagPoints[tag] ?? 0;
  }

  #find(slot: number, tag: number): number {
    let entry = this.#slotHeads[slot] ?? NONE;
    while (entry !== NONE && this.#tags[entry] !== tag) entry = this.#nextOfSlot[entry] ?? NONE;
    return entry;
  }

  /** Micro points, or null when the contact does not have the tag. */
  points(slot: number, tag: number): number | null {
    const entry = this.#find(slot, tag);
    return entry === NONE ? null : (this.#points[entry] ?? 0);
  }

  set(slot: number, tag: number, points: number): void {
    let entry = this.#find(slot, tag);
    if (entry === NONE) {
      entry = this.#take();
      if (slot >= this.#slotHeads.length) this.#slotHeads = grown(this.#slotHeads, slot + 1);
      if (tag >= this.#tagHeads.length) this.#growTags(tag);
      this.#tags[entry] = tag;
      this.#slots[entry] = slot;
      this.#nextOfSlot[entry] = this.#slotHeads[slot] ?? NONE;
      this.#slotHeads[slot] = entry;
      const head = this.#tagHeads[tag] ?? NONE;
      this.#nextOfTag[entry] = head;
      this.#previousOfTag[entry] = NONE;
      if (head !== NONE) this.#previousOfTag[head] = entry;
      this.#tagHeads[tag] = entry;
      this.#tagCounts[tag] = this.count(tag) + 1;
      this.#points[entry] = 0;
    }
    this.#tagPoints[tag] = this.total(tag) + points - (this.#points[entry] ?? 0);
    this.#points[entry] = points;
  }

  remove(slot: number, tag: number): void {
    let before = NONE;
    let entry = this.#slotHeads[slot] ?? NONE;
    while (entry !== NONE && this.#tags[entry] !== tag) {
      before = entry;
      entry = this.#nextOfSlot[entry] ?? NONE;
    }
    if (entry === NONE) return;
    const after = this.#nextOfSlot[entry] ?? NONE;
    if (before === NONE) this.#slotHeads[slot] = after;
    else this.#nextOfSlot[before] = after;
    this.#giveBack(entry);
  }

  /** Takes every tag from a slot. */
  clear(slot: number): void {
    let entry = this.#slotHeads[slot] ?? NONE;
    if (entry === NONE) return;
    this.#slotHeads[slot] = NONE;
    while (entry !== NONE) {
      const after = this.#nextOfSlot[entry] ?? NONE;
      this.#giveBack(entry);
      entry = after;
    }
  }

  eachTagOf(slot: number, take: (tag: number, points: number) => void): void {
    for (let entry = this.#slotHeads[slot] ?? NONE; entry !== NONE; entry = this.#nextOfSlot[entry] ?? NONE) {
      take(this.#tags[entry] ?? 0, this.#points[entry] ?? 0);
    }
  }

  /** In no particular order. */
  eachSlotWith(tag: number, take: (slot: number, points: number) => void): void {
    for (let entry = this.#tagHeads[tag] ?? NONE; entry !== NONE; entry = this.#nextOfTag[entry] ?? NONE) {
      take(this.#slots[entry] ?? 0, this.#points[entry] ?? 0);
    }
  }

  #take(): number {
    if (this.#free !== NONE) {
      const entry = this.#free;
      this.#free = this.#nextOfSlot[entry] ?? NONE;
      return entry;
    }
    if (this.#end >= this.#tags.length) {
      const size = this.#end * 2;
      this.#tags = grown(this.#tags, size);
      this.#slots = grown(this.#slots, size);
      this.#nextOfSlot = grown(this.#nextOfSlot, size);
      this.#nextOfTag = grown(this.#nextOfTag, size);
      this.#previousOfTag = grown(this.#previousOfTag, size);
      const points = new Float64Array(size);
      points.set(this.#points);
      this.#points = points;
    }
    return this.#end++;
  }

  /** Unlinks an entry from its tag; its slot's chain is the caller's. */
  #giveBack(entry: number): void {
    const tag = this.#tags[entry] ?? 0;
    const before = this.#previousOfTag[entry] ?? NONE;
    const after = this.#nextOfTag[entry] ?? NONE;
    if (before === NONE) this.#tagHeads[tag] = after;
    else this.#nextOfTag[before] = after;
    if (after !== NONE) this.#previousOfTag[after] = before;
    this.#tagCounts[tag] = this.count(tag) - 1;
    this.#tagPoints[tag] = this.total(tag) - (this.#points[entry] ?? 0);
    this.#nextOfSlot[entry] = this.#free;
    this.#free = entry;
  }

  #growTags(tag: number): void {
    this.#tagHeads = grown(this.#tagHeads, tag + 1);
    this.#tagCounts = grown(this.#tagCounts, tag + 1);
    const points = new Float64Array(this.#tagHeads.length);
    points.set(this.#tagPoints);
    this.#tagPoints = points;
  }
}

/** A copy with room for at least `size`, twice as long at least. */
function grown(column: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(Math.max(size, column.length * 2));
  copy.set(column);
  return copy;
}
