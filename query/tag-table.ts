/**
 * Who has which tag with how many points, both ways: a block of cells for each contact, and a set of slots for each
 * tag. A contact's five tags take 24 bytes, and its place in their sets between an eighth of a byte and four bytes each. Of
 * tags that many contacts have the points stand in a column as well (point-columns.ts).
 *
 *   block    head | entries, in no order
 *   head     number of entries (20 bits), size of the block (its number in BLOCK_CELLS, 8 bits), wide (1 bit)
 *   entry    narrow: tag (16 bits) and whole points (16 bits, signed) in one cell
 *            wide: tag, then micro points as the two halves of a double
 *
 * A block is narrow until a tag or its points need more, and stays wide from then on.
 */
import { MICRO } from "../kernel/decimal.ts";
import { grownFloat64, grownUint32 } from "./columns.ts";
import type { MicroRange } from "./micro-ranges.ts";
import { newWords } from "./bitmap-kernel.ts";
import { PointColumns } from "./point-columns.ts";
import { SlotSet } from "./slot-set.ts";
import type { TagNames } from "./tag-names.ts";
import { TopTags } from "./top-tags.ts";

const NONE = 0;
const COUNT_MASK = 0xfffff;
const SIZE_SHIFT = 20;
const SIZE_MASK = 0xff;
const WIDE = 0x80000000;
const WIDE_CELLS = 3;
const NARROW_TAG_MAX = 0xffff;
const NARROW_POINTS_MAX = 0x7fff;
const START = 64;

/** Sizes of blocks in cells: steps of about an eighth, so that little of a block lies idle. */
const BLOCK_CELLS = blockSizes(WIDE_CELLS * COUNT_MASK + 1);

function blockSizes(largest: number): number[] {
  const sizes = [2];
  for (let size = 2; size < largest; sizes.push(size)) size = Math.max(size + 1, Math.floor((size * 9) / 8));
  return sizes;
}

/** One double and its halves. */
const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

export class TagTable {
  /** The tag of each contact with the most points, of equals the one whose name sorts first. */
  readonly tops = new TopTags();
  readonly #names: TagNames;
  #cells = new Uint32Array(START);
  /** The first cell never used; cell 0 stays free, since 0 is "no block". */
  #end = 1;
  /** Blocks given back, by size; each names the next one in its first cell. */
  readonly #free = new Uint32Array(BLOCK_CELLS.length);
  /** By slot. */
  #blocks = new Uint32Array(START);
  /** By tag. */
  readonly #sets: (SlotSet | undefined)[] = [];
  readonly #columns = new PointColumns();
  /** Micro points of all contacts together; whole numbers, so that adding and taking away leaves no dust. */
  #totals = new Float64Array(START);

  constructor(names: TagNames) {
    this.#names = names;
  }

  /** Makes room for so many slots at once. */
  reserve(slots: number): void {
    this.tops.reserve(slots);
    if (slots <= this.#blocks.length) return;
    const blocks = new Uint32Array(slots);
    blocks.set(this.#blocks);
    this.#blocks = blocks;
  }

  /** Contacts that have the tag. */
  count(tag: number): number {
    return this.#sets[tag]?.count ?? 0;
  }

  /** Micro points of the tag over all contacts. */
  total(tag: number): number {
    return this.#totals[tag] ?? 0;
  }

  /** Micro points, or null when the contact does not have the tag. */
  points(slot: number, tag: number): number | null {
    const block = this.#blocks[slot] ?? NONE;
    const entry = this.#find(block, tag);
    return entry === NONE ? null : this.#pointsAt(block, entry);
  }

  set(slot: number, tag: number, points: number): void {
    const block = this.#blocks[slot] ?? NONE;
    const entry = this.#find(block, tag);
    this.#totals = grownFloat64(this.#totals, tag + 1);
    if (entry !== NONE) {
      const before = this.#pointsAt(block, entry);
      if (before === points) return;
      this.#totals[tag] = this.total(tag) + points - before;
      this.#put(slot, block, entry, tag, points);
      this.#columns.set(tag, slot, points);
      if (points > before) this.#contend(slot, tag, points);
      else if (this.tops.get(slot) === tag) this.tops.set(slot, this.#strongest(slot));
      return;
    }
    this.#totals[tag] = this.total(tag) + points;
    this.#blocks = grownUint32(this.#blocks, slot + 1);
    this.#put(slot, block, NONE, tag, points);
    this.#join(slot, tag, points);
    this.#contend(slot, tag, points);
  }

  /** All tags of a contact that had none: no tag twice. */
  setAll(slot: number, tags: readonly number[], points: readonly number[]): void {
    let narrow = true;
    let largest = 0;
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i] ?? 0;
      largest = Math.max(largest, tag);
      narrow &&= tag <= NARROW_TAG_MAX && isNarrow(points[i] ?? 0);
    }
    this.#blocks = grownUint32(this.#blocks, slot + 1);
    this.#totals = grownFloat64(this.#totals, largest + 1);
    const width = narrow ? 1 : WIDE_CELLS;
    const block = this.#take(1 + tags.length * width);
    this.#cells[block] = (this.#cells[block] ?? 0) | (narrow ? 0 : WIDE) | tags.length;
    this.#blocks[slot] = block;
    let top = -1;
    let most = 0;
    for (let i = 0, at = block + 1; i < tags.length; i++, at += width) {
      const [tag, micros] = [tags[i] ?? 0, points[i] ?? 0];
      this.#write(at, narrow, tag, micros);
      this.#totals[tag] = this.total(tag) + micros;
      this.#join(slot, tag, micros);
      if (top >= 0 && !this.#isStronger(tag, micros, top, most)) continue;
      top = tag;
      most = micros;
    }
    this.tops.set(slot, top);
  }

  remove(slot: number, tag: number): void {
    const block = this.#blocks[slot] ?? NONE;
    const entry = this.#find(block, tag);
    if (entry === NONE) return;
    this.#leave(slot, tag, this.#pointsAt(block, entry));
    const head = this.#cells[block] ?? 0;
    const count = head & COUNT_MASK;
    if (count === 1) {
      this.#giveBack(block);
      this.#blocks[slot] = NONE;
      this.tops.set(slot, -1);
      return;
    }
    const width = (head & WIDE) === 0 ? 1 : WIDE_CELLS;
    const last = block + 1 + (count - 1) * width;
    this.#cells.copyWithin(entry, last, last + width);
    this.#cells[block] = head - 1;
    if (this.tops.get(slot) === tag) this.tops.set(slot, this.#strongest(slot));
  }

  /** Takes every tag from a slot. */
  clear(slot: number): void {
    const block = this.#blocks[slot] ?? NONE;
    if (block === NONE) return;
    this.eachTagOf(slot, (tag, points) => this.#leave(slot, tag, points));
    this.#giveBack(block);
    this.#blocks[slot] = NONE;
    this.tops.set(slot, -1);
  }

  eachTagOf(slot: number, take: (tag: number, points: number) => void): void {
    const block = this.#blocks[slot] ?? NONE;
    if (block === NONE) return;
    const cells = this.#cells;
    const head = cells[block] ?? 0;
    const count = head & COUNT_MASK;
    if ((head & WIDE) === 0) {
      for (let at = block + 1; at <= block + count; at++) {
        const cell = cells[at] ?? 0;
        take(cell & NARROW_TAG_MAX, (cell >> 16) * MICRO);
      }
      return;
    }
    for (let i = 0, at = block + 1; i < count; i++, at += WIDE_CELLS) take(cells[at] ?? 0, this.#pointsAt(block, at));
  }

  /** In no particular order. */
  eachSlotWith(tag: number, take: (slot: number, points: number) => void): void {
    this.#sets[tag]?.each((slot) => {
      const block = this.#blocks[slot] ?? NONE;
      take(slot, this.#pointsAt(block, this.#find(block, tag)));
    });
  }

  /** Sets the bits of those slots of `within` that have the tag with points in the range; words hold all slots. */
  markInRange(tag: number, { from, to }: MicroRange, within: Uint32Array, words: Uint32Array): void {
    const set = this.#sets[tag];
    if (set === undefined) return;
    const column = this.#columns.of(tag);
    if (column !== null) {
      const marked = scratchOf(words.length);
      column.markInRange({ from, to }, marked);
      set.eachWordIn(within, (at, asked) => {
        words[at] = (words[at] ?? 0) | ((marked[at] ?? 0) & asked);
      });
      return;
    }
    const cells = this.#cells;
    const blocks = this.#blocks;
    set.eachWordIn(within, (at, asked) => {
      let bits = 0;
      for (let rest = asked; rest !== 0; rest &= rest - 1) {
        const bit = 31 - Math.clz32(rest & -rest);
        const block = blocks[at * 32 + bit] ?? NONE;
        const head = cells[block] ?? 0;
        let micros: number;
        if ((head & WIDE) === 0) {
          let entry = block + 1;
          while (((cells[entry] ?? 0) & NARROW_TAG_MAX) !== tag) entry++;
          micros = ((cells[entry] ?? 0) >> 16) * MICRO;
        } else {
          micros = this.#pointsAt(block, this.#find(block, tag));
        }
        if (micros >= from && micros < to) bits |= 1 << bit;
      }
      words[at] = (words[at] ?? 0) | bits;
    });
  }

  /** Sets the bits of all slots with the tag in words that hold all slots. */
  markSlotsWith(tag: number, words: Uint32Array): void {
    this.#sets[tag]?.markIn(words);
  }

  /** The slot's points of a tag have risen to this. */
  #contend(slot: number, tag: number, points: number): void {
    const top = this.tops.get(slot);
    if (top === tag) return;
    if (top < 0 || this.#isStronger(tag, points, top, this.points(slot, top) ?? 0)) this.tops.set(slot, tag);
  }

  #isStronger(tag: number, points: number, than: number, most: number): boolean {
    return points > most || (points === most && this.#names.compare(tag, than) < 0);
  }

  #strongest(slot: number): number {
    let top = -1;
    let most = 0;
    this.eachTagOf(slot, (tag, points) => {
      if (top >= 0 && !this.#isStronger(tag, points, top, most)) return;
      top = tag;
      most = points;
    });
    return top;
  }

  #newSet(tag: number): SlotSet {
    const set = new SlotSet();
    while (this.#sets.length < tag) this.#sets.push(undefined);
    this.#sets[tag] = set;
    return set;
  }

  /** The slot, in whose block the tag is, is one of those that have it from here on. */
  #join(slot: number, tag: number, points: number): void {
    const set = this.#sets[tag] ?? this.#newSet(tag);
    set.add(slot, this.#blocks.length);
    const slots = this.#blocks.length;
    if (this.#columns.opens(tag, set.count, slots)) {
      this.eachSlotWith(tag, (one, its) => this.#columns.set(tag, one, its));
      return;
    }
    // Contacts may have become many since it was opened.
    this.#columns.thins(tag, set.count, slots);
    this.#columns.set(tag, slot, points);
  }

  /** The slot is about to lose the tag. */
  #leave(slot: number, tag: number, points: number): void {
    const set = this.#sets[tag];
    this.#totals[tag] = this.total(tag) - points;
    if (set === undefined) return;
    set.delete(slot);
    this.#columns.thins(tag, set.count, this.#blocks.length);
  }

  /** The cell of a tag's entry in a block; NONE when it isn't there. */
  #find(block: number, tag: number): number {
    if (block === NONE) return NONE;
    const cells = this.#cells;
    const head = cells[block] ?? 0;
    const count = head & COUNT_MASK;
    if ((head & WIDE) === 0) {
      for (let at = block + 1; at <= block + count; at++) if (((cells[at] ?? 0) & NARROW_TAG_MAX) === tag) return at;
      return NONE;
    }
    for (let i = 0, at = block + 1; i < count; i++, at += WIDE_CELLS) if (cells[at] === tag) return at;
    return NONE;
  }

  #pointsAt(block: number, entry: number): number {
    const cells = this.#cells;
    if (((cells[block] ?? 0) & WIDE) === 0) return ((cells[entry] ?? 0) >> 16) * MICRO;
    halves[0] = cells[entry + 1] ?? 0;
    halves[1] = cells[entry + 2] ?? 0;
    return double[0] ?? 0;
  }

  /** Writes an entry, or with NONE adds it; the block may move. */
  #put(slot: number, block: number, entry: number, tag: number, points: number): void {
    const head = block === NONE ? 0 : (this.#cells[block] ?? 0);
    const narrow = (head & WIDE) === 0 && tag <= NARROW_TAG_MAX && isNarrow(points);
    if (!narrow && (head & WIDE) === 0) {
      const wide = this.#widen(slot, block);
      return this.#put(slot, wide, this.#find(wide, tag), tag, points);
    }
    const width = narrow ? 1 : WIDE_CELLS;
    const count = head & COUNT_MASK;
    let to = entry;
    let home = block;
    if (entry === NONE) {
      if (block === NONE || 1 + (count + 1) * width > blockCells(head))
        home = this.#move(slot, block, count + 1, width);
      this.#cells[home] = (this.#cells[home] ?? 0) + 1;
      to = home + 1 + count * width;
    }
    this.#write(to, narrow, tag, points);
  }

  #write(to: number, narrow: boolean, tag: number, points: number): void {
    if (narrow) {
      this.#cells[to] = tag | ((points / MICRO) << 16);
      return;
    }
    double[0] = points;
    this.#cells[to] = tag;
    this.#cells[to + 1] = halves[0] ?? 0;
    this.#cells[to + 2] = halves[1] ?? 0;
  }

  /** Gives the slot a block with room for `count` entries and its old entries in it. */
  #move(slot: number, block: number, count: number, width: number): number {
    const home = this.#take(1 + count * width);
    this.#blocks[slot] = home;
    if (block === NONE) return home;
    const head = this.#cells[block] ?? 0;
    const entries = head & COUNT_MASK;
    this.#cells[home] = (this.#cells[home] ?? 0) | (head & WIDE) | entries;
    this.#cells.copyWithin(home + 1, block + 1, block + 1 + entries * width);
    this.#giveBack(block);
    return home;
  }

  #widen(slot: number, block: number): number {
    const count = block === NONE ? 0 : (this.#cells[block] ?? 0) & COUNT_MASK;
    const home = this.#take(1 + (count + 1) * WIDE_CELLS);
    this.#cells[home] = (this.#cells[home] ?? 0) | WIDE | count;
    let at = home + 1;
    for (let from = block + 1; from <= block + count; from++, at += WIDE_CELLS) {
      const cell = this.#cells[from] ?? 0;
      double[0] = (cell >> 16) * MICRO;
      this.#cells[at] = cell & NARROW_TAG_MAX;
      this.#cells[at + 1] = halves[0] ?? 0;
      this.#cells[at + 2] = halves[1] ?? 0;
    }
    if (block !== NONE) this.#giveBack(block);
    this.#blocks[slot] = home;
    return home;
  }

  /** A block of at least so many cells; its head says its size and nothing else. */
  #take(cells: number): number {
    let size = 0;
    while ((BLOCK_CELLS[size] ?? Infinity) < cells) size++;
    let block = this.#free[size] ?? NONE;
    if (block !== NONE) {
      this.#free[size] = this.#cells[block] ?? NONE;
    } else {
      block = this.#end;
      this.#end += BLOCK_CELLS[size] ?? 0;
      this.#cells = grownUint32(this.#cells, this.#end);
    }
    this.#cells[block] = size << SIZE_SHIFT;
    return block;
  }

  #giveBack(block: number): void {
    const size = ((this.#cells[block] ?? 0) >>> SIZE_SHIFT) & SIZE_MASK;
    this.#cells[block] = this.#free[size] ?? NONE;
    this.#free[size] = block;
  }
}

/** Words that were marked by a column: used and done with. */
let scratch = newWords(0);

/** Zeros. */
function scratchOf(words: number): Uint32Array {
  if (scratch.length < words) scratch = newWords(words);
  return scratch.fill(0, 0, words);
}

function blockCells(head: number): number {
  return BLOCK_CELLS[(head >>> SIZE_SHIFT) & SIZE_MASK] ?? 0;
}

/** Whole points that fit 16 bits. */
function isNarrow(points: number): boolean {
  const whole = points / MICRO;
  return Math.abs(whole) <= NARROW_POINTS_MAX && Math.floor(whole) === whole;
}
