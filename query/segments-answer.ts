/**
 * The answer of `GET /v1/contacts/:id/segments` as JSON text: the call that somebody's site makes for every page view.
 * Names are JSON already when a model is taken up, and the segments of a view are listed in the order of the model, so
 * that an answer is one pass over the bits of a row. Text and not bytes: it then leaves together with the head, in one
 * write.
 */
import { hasBit } from "./bitmap.ts";
import type { ActiveModel } from "./model-registry.ts";
import type { Members, PartitionView } from "./view.ts";

const NOBODY = new Uint32Array(0);

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

const orderedOf = new WeakMap<PartitionView, Ordered>();

/** `freshness` is the rest of the object, its closing brace included. */
export function segmentsAnswer(model: ActiveModel, view: PartitionView, slot: number, freshness: string): string {
  const { segments } = model;
  const { members, columns } = inOrder(model, view);
  const { cells } = view.rows;
  const row = view.rows.rowAt(slot);
  let text = "";
  for (let i = 0; i < members.length; i++) {
    if (columns === null) {
      if (!hasBit(members[i]?.words ?? NOBODY, slot)) continue;
    } else {
      const column = columns[i] ?? -1;
      if (column < 0 || (((cells[row + (column >>> 5)] ?? 0) >>> (column & 31)) & 1) === 0) continue;
    }
    const name = segments[i]?.nameJson ?? "";
    text += text === "" ? name : `,${name}`;
  }
  return `{"segments":[${text}],${freshness}`;
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
