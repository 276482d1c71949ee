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
  add(lo: number, hi: number): void;
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
  /** Fingerprints from the last full chunk on, as they arrived: lo, hi, lo, hi … */
  tail: number[];
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
    add(lo, hi) {
      insert(current, lo, hi);
      current.tail.push(lo, hi);
      current.count++;
      current.unsaved = true;
      if (current.count >= limits.dedupe_max) rotate(current.startedAt);
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

function newGeneration(number: number, startedAt: number): Generation {
  return { number, startedAt, count: 0, table: new Uint32Array(2048), tail: [], tailChunk: 0, unsaved: false };
}

function loadGeneration(saved: SeenState["generations"][number], chunks: ReadonlyMap<string, Buffer>): Generation {
  const generation = newGeneration(saved.number, saved.startedAt);
  for (let chunk = 0; chunk * CHUNK < saved.count; chunk++) {
    const bytes = chunks.get(`${saved.number}:${chunk}`);
    const wanted = Math.min(CHUNK, saved.count - chunk * CHUNK);
    if (bytes === undefined || bytes.length < wanted * 8) {
      throw new Error(`chunk ${saved.number}:${chunk} of the seen messages is missing or short`);
    }
    generation.tail = [];
    generation.tailChunk = chunk;
    for (let i = 0; i < wanted; i++) {
      const [lo, hi] = [bytes.readUInt32LE(i * 8), bytes.readUInt32LE(i * 8 + 4)];
      insert(generation, lo, hi);
      generation.tail.push(lo, hi);
      generation.count++;
    }
  }
  return generation;
}

/** The chunks with anything new; full ones leave memory. */
function save(generation: Generation): [string, Buffer][] {
  if (!generation.unsaved) return [];
  generation.unsaved = false;
  const fields: [string, Buffer][] = [];
  for (let from = 0; from < generation.tail.length; from += CHUNK * 2) {
    const part = generation.tail.slice(from, from + CHUNK * 2);
    const bytes = Buffer.allocUnsafe(part.length * 4);
    part.forEach((value, i) => bytes.writeUInt32LE(value, i * 4));
    fields.push([`${generation.number}:${generation.tailChunk + from / (CHUNK * 2)}`, bytes]);
  }
  const full = Math.floor(generation.tail.length / (CHUNK * 2));
  generation.tail = generation.tail.slice(full * CHUNK * 2);
  generation.tailChunk += full;
  return fields;
}

/** (0, 0) marks a free place, so that one fingerprint is kept as another one. */
function contains(generation: Generation, lo: number, hi: number): boolean {
  const { table } = generation;
  const wanted = lo === 0 && hi === 0 ? 1 : lo;
  const mask = (table.length >>> 1) - 1;
  for (let at = hi & mask; ; at = (at + 1) & mask) {
    const [a, b] = [table[at * 2], table[at * 2 + 1]];
    if (a === wanted && b === hi) return true;
    if (a === 0 && b === 0) return false;
  }
}

function insert(generation: Generation, lo: number, hi: number): void {
  if ((generation.count + 1) * 4 > generation.table.length) {
    const old = generation.table;
    generation.table = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      const [a, b] = [old[i] as number, old[i + 1] as number];
      if (a !== 0 || b !== 0) put(generation.table, a, b);
    }
  }
  put(generation.table, lo === 0 && hi === 0 ? 1 : lo, hi);
}

function put(table: Uint32Array, lo: number, hi: number): void {
  const mask = (table.length >>> 1) - 1;
  let at = hi & mask;
  while (table[at * 2] !== 0 || table[at * 2 + 1] !== 0) at = (at + 1) & mask;
  table[at * 2] = lo;
  table[at * 2 + 1] = hi;
}
