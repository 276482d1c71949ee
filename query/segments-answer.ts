/**
 * The answer of `GET /v1/contacts/:id/segments` as bytes: the call that somebody's site makes for every page view. Names
 * are JSON already when a model is taken up, and the bitmaps of a view are listed in the order of the model, so that an
 * answer is one pass over bits and one over bytes.
 */
import { hasBit } from "./bitmap.ts";
import type { ActiveModel } from "./model-registry.ts";
import type { Members, PartitionView } from "./view.ts";

const HEAD = Buffer.from(`{"segments":[`);
const NOBODY = new Uint32Array(0);
const COMMA = 0x2c;
/** What follows the names has no more than some 80 bytes. */
const TAIL_BYTES_MAX = 256;
/** Shorter names are copied byte by byte: a call of `copy` costs as much as so many. */
const COPY_BYTES_MIN = 48;

/** The names of a model's segments, each as JSON and a comma, end to end. */
interface Names {
  readonly bytes: Buffer;
  /** Where each begins, and where the last one ends. */
  readonly starts: Uint32Array;
}

/** Where a view keeps a model's segments, in the order of the model. */
interface Ordered {
  readonly model: ActiveModel;
  /** How many segments the view had: a new one makes another list. */
  readonly known: number;
  /** Null for one that nobody ever was in. */
  readonly members: readonly (Members | null)[];
  /** Columns of the view's rows, -1 for one that nobody ever was in; null where the view has no rows. */
  readonly columns: Int32Array | null;
}

const namesOf = new WeakMap<ActiveModel, Names>();
const orderedOf = new WeakMap<PartitionView, Ordered>();
let scratch = Buffer.alloc(0);

/** `freshness` is the rest of the object, its closing brace included; ASCII. */
export function segmentsAnswer(model: ActiveModel, view: PartitionView, slot: number, freshness: string): Buffer {
  const { bytes, starts } = namesIn(model);
  const { members, columns } = inOrder(model, view);
  if (scratch.length < HEAD.length + bytes.length + TAIL_BYTES_MAX) {
    scratch = Buffer.alloc(HEAD.length + bytes.length + TAIL_BYTES_MAX);
    HEAD.copy(scratch);
  }
  const out = scratch;
  const { cells } = view.rows;
  const row = view.rows.rowAt(slot);
  let at = HEAD.length;
  for (let i = 0; i < members.length; i++) {
    if (columns === null) {
      if (!hasBit(members[i]?.words ?? NOBODY, slot)) continue;
    } else {
      const column = columns[i] ?? -1;
      if (column < 0 || (((cells[row + (column >>> 5)] ?? 0) >>> (column & 31)) & 1) === 0) continue;
    }
    const from = starts[i] ?? 0;
    const to = starts[i + 1] ?? 0;
    if (to - from >= COPY_BYTES_MIN) at += bytes.copy(out, at, from, to);
    else for (let k = from; k < to; k++) out[at++] = bytes[k] ?? 0;
  }
  if (out[at - 1] === COMMA) at--;
  at += out.write(`],${freshness}`, at, "latin1");
  return Buffer.from(out.subarray(0, at));
}

function namesIn(model: ActiveModel): Names {
  const known = namesOf.get(model);
  if (known !== undefined) return known;
  const parts = model.segments.map(({ nameJson }) => Buffer.from(`${nameJson},`));
  const starts = new Uint32Array(parts.length + 1);
  for (const [i, part] of parts.entries()) starts[i + 1] = (starts[i] ?? 0) + part.length;
  const names = { bytes: Buffer.concat(parts), starts };
  namesOf.set(model, names);
  return names;
}

function inOrder(model: ActiveModel, view: PartitionView): Ordered {
  const known = orderedOf.get(view);
  if (known !== undefined && known.model === model && known.known === view.segments.size) return known;
  const members = model.segments.map(({ id }) => view.segments.get(id) ?? null);
  const { rows } = view;
  const columns = rows.kept ? Int32Array.from(model.segments, ({ id }) => rows.find(id)) : null;
  const ordered = { model, known: view.segments.size, members, columns };
  orderedOf.set(view, ordered);
  return ordered;
}
