/**
 * Which messages a partition has taken: 64-bit fingerprints in two generations that rotate by the time of arrival, so
 * a message is known for at least the configured time after it came and forgotten within twice that time.
 *
 * Stored in the `seen` hash as chunks of 8,192 fingerprints in order of arrival, field `generation:chunk`. A chunk is
 * written again until it is full; how many fingerprints of it hold is said by the checkpoint, so a chunk that is ahead
 * of the checkpoint does no harm.
 */

const CHUNK = 8192;

export interface SeenState {
  readonly generations: readonly { readonly number: number; readonly startedAt: number; readonly count: number }[];
}

export interface Seen {
  has(lo: number, hi: number): boolean;
  /** Reads where a message would stand, so that it will be at hand; gives an integer of no meaning. */
  touch(lo: number, hi: number): number;
  /** Notes a message; false when it is known already. */
  add(lo: number, hi: number): boolean;
  /** Rotates when an entry received at `now` (ms since 1970) is past the current generation. */
  advance(now: number): void;
  readonly state: SeenState;
  take(): { write: (readonly [field: string, bytes: Buffer])[]; remove: string[] };
}

interface Generation {
  readonly number: number;
  startedAt: number;
  count: number;
  table: Uint32Array;
  /** Fingerprints from the last full chunk that was taken on, as they arrived: lo, hi, lo, hi … in chunks. */
  tail: Uint32Array[];
  /** The chunk with which `tail` begins, and whether it has anything that was not taken yet. */
  tailChunk: number;
  unsaved: boolean;
}

export function createSeen(
  limits: { readonly dedupe_ms: number; readonly dedupe_max: number },
  state: SeenState = { generations: [] },
  chunks: ReadonlyMap<string, Buffer> = new Map(),
): Seen {
  const generations = state.generations.map((saved) => loadGeneration(saved, chunks));
  let current = generations[0] ?? newGeneration(1, 0);
  let previous: Generation | null = generations[1] ?? null;
  let dropped: Generation[] = [];

  const rotate = (startedAt: number): void => {
    if (previous !== null) dropped.push(previous);
    previous = current;
    current = newGeneration(current.number + 1, startedAt);
  };

  const fieldsOf = (generation: Generation): string[] =>
    Array.from({ length: Math.ceil(generation.count / CHUNK) }, (_, chunk) => `${generation.number}:${chunk}`);

  return {
    has: (lo, hi) => contains(current, lo, hi) || (previous !== null && contains(previous, lo, hi)),
    touch(_lo, hi) {
      const { table } = current;
      return (table[(hi & ((table.length >>> 1) - 1)) * 2] as number) | 0;
    },
    add(lo, hi) {
      if (previous !== null && contains(previous, lo, hi)) return false;
      if (!insert(current, lo, hi)) return false;
      append(current, lo, hi);
      current.unsaved = true;
      if (current.count >= limits.dedupe_max) rotate(current.startedAt);
      return true;
    },
    advance(now) {
      if (current.count === 0 && previous === null) current.startedAt = Math.max(current.startedAt, now);
      if (now < current.startedAt + limits.dedupe_ms) return;
      // After a pause of two spans nothing of the old generations is of use.
      const pause = now >= current.startedAt + 2 * limits.dedupe_ms;
      rotate(now);
      if (pause) rotate(now);
    },
    get state() {
      const both = previous === null ? [current] : [current, previous];
      return { generations: both.map(({ number, startedAt, count }) => ({ number, startedAt, count })) };
    },
    take() {
      const write = [current, previous].flatMap((generation) => (generation === null ? [] : save(generation)));
      const remove = dropped.flatMap(fieldsOf);
      dropped = [];
      return { write, remove };
    },
  };
}

/** With room for `count` fingerprints and some more. */
function newGeneration(number: number, startedAt: number, count = 0): Generation {
  const words = 2 ** Math.ceil(Math.log2(Math.max(2048, (count + 1) * 4)));
  return { number, startedAt, count: 0, table: new Uint32Array(words), tail: [], tailChunk: 0, unsaved: false };
}

function loadGeneration(saved: SeenState["generations"][number], chunks: ReadonlyMap<string, Buffer>): Generation {
  const generation = newGeneration(saved.number, saved.startedAt, saved.count);
  for (let chunk = 0; chunk * CHUNK < saved.count; chunk++) {
    const bytes = chunks.get(`${saved.number}:${chunk}`);
    const wanted = Math.min(CHUNK, saved.count - chunk * CHUNK);
    if (bytes === undefined || bytes.length < wanted * 8) {
      throw new Error(`chunk ${saved.number}:${chunk} of the seen messages is missing or short`);
    }
    // A copy, since bytes of a reply may begin anywhere and words may not.
    const words = new Uint32Array(CHUNK * 2);
    new Uint8Array(words.buffer).set(bytes.subarray(0, wanted * 8));
    for (let i = 0; i < wanted * 2; i += 2) insert(generation, words[i] as number, words[i + 1] as number);
    generation.count += wanted;
    generation.tail = [words];
    generation.tailChunk = chunk;
  }
  return generation;
}

/** Counts a fingerprint and puts it where it is saved from. */
function append(generation: Generation, lo: number, hi: number): void {
  const place = generation.count % CHUNK;
  if (place === 0 || generation.tail.length === 0) generation.tail.push(new Uint32Array(CHUNK * 2));
  const chunk = generation.tail[generation.tail.length - 1] as Uint32Array;
  chunk[place * 2] = lo;
  chunk[place * 2 + 1] = hi;
  generation.count++;
}

/** The chunks with anything new; full ones leave memory. */
function save(generation: Generation): [string, Buffer][] {
  if (!generation.unsaved) return [];
  generation.unsaved = false;
  const { tail, tailChunk, count } = generation;
  const fields = tail.map((chunk, i): [string, Buffer] => {
    const length = Math.min(CHUNK, count - (tailChunk + i) * CHUNK);
    // A copy: the last chunk is written on while this one is on its way.
    return [`${generation.number}:${tailChunk + i}`, Buffer.from(chunk.slice(0, length * 2).buffer)];
  });
  const full = Math.floor(count / CHUNK) - tailChunk;
  generation.tail = tail.slice(full);
  generation.tailChunk += full;
  return fields;
}

/** (0, 0) marks a free place, so that one fingerprint is kept as another one. */
function contains({ table }: Generation, lo: number, hi: number): boolean {
  const wanted = lo === 0 && hi === 0 ? 1 : lo;
  const place = placeIn(table, wanted, hi);
  return table[place] !== 0 || table[place + 1] !== 0;
}

/** False when the fingerprint is there already. */
function insert(generation: Generation, lo: number, hi: number): boolean {
  if ((generation.count + 1) * 4 > generation.table.length) grow(generation);
  const { table } = generation;
  const wanted = lo === 0 && hi === 0 ? 1 : lo;
  const place = placeIn(table, wanted, hi);
  if (table[place] !== 0 || table[place + 1] !== 0) return false;
  table[place] = wanted;
  table[place + 1] = hi;
  return true;
}

function grow(generation: Generation): void {
  const old = generation.table;
  const table = new Uint32Array(old.length * 2);
  for (let i = 0; i < old.length; i += 2) {
    const lo = old[i] as number;
    const hi = old[i + 1] as number;
    if (lo === 0 && hi === 0) continue;
    const place = placeIn(table, lo, hi);
    table[place] = lo;
    table[place + 1] = hi;
  }
  generation.table = table;
}

/** Where a fingerprint stands, or the free place where it would be put. */
function placeIn(table: Uint32Array, lo: number, hi: number): number {
  const mask = (table.length >>> 1) - 1;
  for (let at = hi & mask; ; at = (at + 1) & mask) {
    const a = table[at * 2] as number;
    const b = table[at * 2 + 1] as number;
    if ((a === lo && b === hi) || (a === 0 && b === 0)) return at * 2;
  }
}
