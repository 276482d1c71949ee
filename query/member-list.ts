/** A page of contacts with its cursor, as the JSON text that `/members` and `/v1/query` share. */
import type { Breather } from "./breather.ts";
import type { Freshness } from "./context.ts";
import { decodeCursor, encodeCursor, type CursorPart } from "./cursor.ts";
import { freshnessJson, memberJson, type MemberField } from "./member-json.ts";
import type { ActiveModel } from "./model-registry.ts";
import { BestByScore, pageInOrder, type MemberSet, type Page, type Position } from "./pages.ts";

/** Members written between two breaths. */
const ROWS_A_PORTION = 500;

export interface MemberListRequest {
  /** One per partition, in their order. */
  readonly sets: readonly MemberSet[];
  /** What was asked: a cursor serves no other list. */
  readonly list: readonly string[];
  readonly order: "id" | "score";
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly fields: readonly MemberField[];
  readonly model: ActiveModel;
  /** As of before the sets were made: they may be newer, never older. */
  readonly fresh: Freshness;
  readonly breathe: Breather;
}

/** `"members":[…],"next":…,"as_of":…,"lag_ms":…}`: the rest of an answer whose head is the caller's. */
export async function listMembers(request: MemberListRequest): Promise<string> {
  const { sets, fields, model, breathe } = request;
  const { rows, next } = await page(request);
  const views = new Map(sets.map((set) => [set.partition, set.view]));
  const members: string[] = [];
  for (const [place, { partition, slot }] of rows.entries()) {
    if (place % ROWS_A_PORTION === 0) await breathe();
    const view = views.get(partition);
    if (view !== undefined) members.push(memberJson(view, slot, fields, model));
  }
  const fresh = freshnessJson(request.fresh);
  return `"members":[${members.join(",")}],"next":${next === null ? "null" : JSON.stringify(next)},${fresh}`;
}

async function page(request: MemberListRequest): Promise<{ rows: readonly Position[]; next: string | null }> {
  const { sets, order, limit, cursor, breathe } = request;
  // Slots are numbered within partitions, so a cursor holds for one number of partitions.
  const list: CursorPart[] = [...request.list, order, sets.length];
  if (order === "score") {
    const after = cursor === undefined ? null : decodeCursor(cursor, list, ["integer", "integer", "integer"]);
    const [micros = 0, partition = 0, slot = 0] = (after ?? []).map(Number);
    const best = new BestByScore(limit, after === null ? null : { micros, partition, slot });
    for (const set of sets) {
      await breathe();
      best.add(set);
    }
    return withCursor(best.page(), list, (row) => [row.micros, row.partition, row.slot]);
  }
  const after = cursor === undefined ? null : decodeCursor(cursor, list, ["integer", "integer"]);
  const [partition = 0, slot = 0] = (after ?? []).map(Number);
  const found = pageInOrder(sets, limit, after === null ? null : { partition, slot });
  return withCursor(found, list, (row) => [row.partition, row.slot]);
}

function withCursor<P extends Position>(
  page: Page<P>,
  list: readonly CursorPart[],
  positionOf: (row: P) => CursorPart[],
): { rows: readonly P[]; next: string | null } {
  return { rows: page.rows, next: page.next === null ? null : encodeCursor(list, positionOf(page.next)) };
}
