/** Columns under construction: typed arrays that grow, rows of values, and lists of keys. */
import type { Json, JsonObject } from "./event.ts";
import {
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
  type Numbers,
} from "./entry-layout.ts";

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

/** A place in the tree of property lists; the keys on the way here are the list. */
interface ShapeNode {
  readonly parent: ShapeNode | null;
  readonly key: string;
  /** Keys on the way here. */
  readonly size: number;
  readonly children: Map<string, ShapeNode>;
  /** Children by `textHash` of their keys, of those that came with one; of several the last. */
  readonly byHash: Map<number, ShapeNode>;
  /** The child taken last: most objects have the same keys as the one before. */
  last: ShapeNode | null;
  /** The number of the list in the entry `generation`. */
  shape: number;
  generation: number;
}

/** Above so many places the tree begins anew: made-up keys must not fill the memory. */
const NODES_MAX = 20_000;

function node(parent: ShapeNode | null, key: string): ShapeNode {
  const size = parent === null ? 0 : parent.size + 1;
  return { parent, key, size, children: new Map(), byHash: new Map(), last: null, shape: 0, generation: 0 };
}

/** Keys in UTF-8, with the `textHash` of each. */
export interface KeyedTape {
  readonly source: Buffer;
  readonly keys: { readonly from: UintColumn; readonly to: UintColumn; readonly hash: UintColumn };
}

/** Numbers distinct lists of keys. The tree outlives an entry; the numbers don't. */
export class ShapeTable {
  #root = node(null, "");
  #nodes = 1;
  #generation = 1;
  readonly sizes = new UintColumn();
  readonly keys = new UintColumn();

  /** The number of the list of the object's keys; `intern` numbers a key that is new to the entry. */
  of(value: JsonObject, intern: (text: string) => number): number {
    let at = this.#root;
    for (const key in value) {
      const last: ShapeNode | null = at.last;
      at = last !== null && last.key === key ? last : this.#child(at, key);
    }
    return this.#number(at, intern);
  }

  /** `of` for keys that lie as texts on a tape, from one place to another. */
  ofTape(tape: KeyedTape, first: number, end: number, intern: (text: string) => number): number {
    let at = this.#root;
    for (let i = first; i < end; i++) {
      const from = tape.keys.from.items[i] as number;
      const to = tape.keys.to.items[i] as number;
      const { last } = at;
      if (last !== null && isText(last.key, tape.source, from, to)) {
        at = last;
        continue;
      }
      const hash = tape.keys.hash.items[i] as number;
      const known = at.byHash.get(hash);
      if (known !== undefined && isText(known.key, tape.source, from, to)) {
        at.last = known;
        at = known;
        continue;
      }
      const child = this.#child(at, tape.source.toString("utf8", from, to));
      at.byHash.set(hash, child);
      at = child;
    }
    return this.#number(at, intern);
  }

  #number(at: ShapeNode, intern: (text: string) => number): number {
    if (at.generation !== this.#generation) {
      at.generation = this.#generation;
      at.shape = this.sizes.length;
      this.sizes.push(at.size);
      const keys: string[] = [];
      for (let up = at; up.parent !== null; up = up.parent) keys.push(up.key);
      for (let i = keys.length - 1; i >= 0; i--) this.keys.push(intern(keys[i] ?? ""));
    }
    return at.shape;
  }

  #child(parent: ShapeNode, key: string): ShapeNode {
    let child = parent.children.get(key);
    if (child === undefined) {
      child = node(parent, key);
      parent.children.set(key, child);
      this.#nodes++;
    }
    parent.last = child;
    return child;
  }

  clear(): void {
    this.sizes.length = 0;
    this.keys.length = 0;
    this.#generation++;
    if (this.#nodes > NODES_MAX) {
      this.#root = node(null, "");
      this.#nodes = 1;
    }
  }

  size(shape: number): number {
    return this.sizes.items[shape] ?? 0;
  }
}

/** Whether the bytes are this text, if it is ASCII; false for others. */
function isText(text: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
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
