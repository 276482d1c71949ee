/** Columns under construction: typed arrays that grow, rows of values, and lists of keys. */
import * as entrySlots from "./entry-slots.ts";
import type { Json } from "./event.ts";
import * as entryLayout from "./entry-layout.ts";
import type { Numbers } from "./entry-layout.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { emptied, HASH_BITS, mixed, newSlots, SEED, SLOT_ITEMS, withRoom } = entrySlots;
const { VALUE_COMPLEX, VALUE_FALSE, VALUE_NULL, VALUE_NUMBER, VALUE_STRING, VALUE_TRUE } = entryLayout;

/** Items of which the first `length` count. */
export interface Column {
  readonly items: Numbers;
  readonly length: number;
}

/** A growing column of unsigned 32-bit integers. */
export class UintColumn implements Column {
  items = new Uint32Array(32);
  length = 0;

  push(item: number): void {
    if (this.length === this.items.length) this.items = grown(this.items, new Uint32Array(this.length * 2));
    this.items[this.length++] = item;
  }

  at(place: number): number {
    return this.items[place] ?? 0;
  }
}

/** A growing column of doubles. */
export class DoubleColumn implements Column {
  items = new Float64Array(32);
  length = 0;

  push(item: number): void {
    if (this.length === this.items.length) this.items = grown(this.items, new Float64Array(this.length * 2));
    this.items[this.length++] = item;
  }

  at(place: number): number {
    return this.items[place] ?? 0;
  }
}

/** A growing column of bytes, extended by many at once. */
class ByteColumn implements Column {
  items = new Uint8Array(64);
  length = 0;

  extend(by: number): void {
    this.length += by;
    if (this.length <= this.items.length) return;
    this.items = grown(this.items, new Uint8Array(Math.max(this.items.length * 2, this.length)));
  }
}

function grown<T extends Numbers>(from: T, into: T): T {
  into.set(from);
  return into;
}

/**
 * Rows of values: a type and a number for each. The number is the value itself, or the number of a string or record;
 * the two sorts are stored in columns of their own.
 */
export class ValueColumns {
  readonly types = new ByteColumn();
  readonly refs = new UintColumn();
  readonly plain = new DoubleColumn();
  #numbers = new Float64Array(64);

  get length(): number {
    return this.types.length;
  }

  /** Makes room for a row of values and returns where it begins. */
  reserve(size: number): number {
    const start = this.types.length;
    this.types.extend(size);
    if (this.types.items.length > this.#numbers.length) {
      this.#numbers = grown(this.#numbers, new Float64Array(this.types.items.length));
    }
    return start;
  }

  setRef(at: number, type: typeof VALUE_STRING | typeof VALUE_COMPLEX, ref: number): void {
    this.types.items[at] = type;
    this.#numbers[at] = ref;
  }

  setNumber(at: number, value: number): void {
    this.types.items[at] = VALUE_NUMBER;
    // Adding zero turns a negative zero into a zero: JSON texts of the two differ, no meaning does.
    this.#numbers[at] = value + 0;
  }

  setPlain(at: number, value: boolean | null): void {
    this.types.items[at] = value === null ? VALUE_NULL : value ? VALUE_TRUE : VALUE_FALSE;
  }

  clear(): void {
    this.types.length = 0;
  }

  /** Fills `refs` and `plain`. Only now, since the values of a row are not set in their order. */
  split(): void {
    const { refs, plain } = this;
    refs.length = 0;
    plain.length = 0;
    const types = this.types.items;
    for (let i = 0; i < this.types.length; i++) {
      const type = types[i];
      if (type === VALUE_NUMBER) plain.push(this.#numbers[i] ?? 0);
      else if (type === VALUE_STRING || type === VALUE_COMPLEX) refs.push(this.#numbers[i] ?? 0);
    }
  }
}

/** Numbers distinct lists of keys; keys are given as numbers of strings. */
export class ShapeTable {
  readonly sizes = new UintColumn();
  /** The keys of all shapes. */
  readonly keys = new UintColumn();
  /** Where each shape's keys begin. */
  readonly #starts = new UintColumn();
  #slots = newSlots();

  /** The number of a list of keys. */
  of({ items, length }: UintColumn): number {
    let hash = SEED ^ length;
    for (let i = 0; i < length; i++) hash = mixed(hash, items[i] as number);
    hash &= HASH_BITS;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const shape = (slots[slot + 1] as number) - 1;
      if (shape < 0) return this.#add(items, length, hash, slot);
      if (slots[slot] === hash && this.#equals(shape, items, length)) return shape;
      slot = (slot + SLOT_ITEMS) & mask;
    }
  }

  #add(items: Uint32Array, length: number, hash: number, slot: number): number {
    const shape = this.sizes.length;
    this.sizes.push(length);
    this.#starts.push(this.keys.length);
    for (let i = 0; i < length; i++) this.keys.push(items[i] as number);
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = shape + 1;
    this.#slots = withRoom(this.#slots, shape + 1);
    return shape;
  }

  #equals(shape: number, items: Uint32Array, length: number): boolean {
    if (this.sizes.items[shape] !== length) return false;
    const start = this.#starts.items[shape] as number;
    for (let i = 0; i < length; i++) if (this.keys.items[start + i] !== items[i]) return false;
    return true;
  }

  /** How many keys a list has. */
  size(shape: number): number {
    return this.sizes.items[shape] ?? 0;
  }

  clear(): void {
    this.#slots = emptied(this.#slots, this.sizes.length);
    this.sizes.length = 0;
    this.keys.length = 0;
    this.#starts.length = 0;
  }
}

/**
 * Whether two values are equal, whatever the order of their keys. May say no of equal ones that have a key
 * `__proto__`, which can't be looked up like another. The loops avoid lists of keys: this runs for every event.
 */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isArray(a)) {
    if (!isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameJson(a[i] ?? null, b[i] ?? null)) return false;
    return true;
  }
  if (isArray(b)) return false;
  let keys = 0;
  for (const key in a) {
    const other = b[key];
    if (key === "__proto__" || other === undefined || !sameJson(a[key] ?? null, other)) return false;
    keys++;
  }
  for (const _ in b) keys--;
  return keys === 0;
}

/** `Array.isArray` that also knows readonly arrays. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
