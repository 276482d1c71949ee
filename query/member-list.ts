/** A page of contacts with its cursor, as the JSON text that `/members` and `/v1/query` share. */
import { freshness, type QueryContext } from "./context.ts";
import { decodeCursor, encodeCursor, type CursorPart } from "./cursor.ts";
import { freshnessJson, memberJson, type MemberField } from "./member-json.ts";
import { pageByScore, pageInOrder, type MemberSet, type Page, type Position } from "./pages.ts";

export interface MemberListRequest {
  /** One per partition, in their order. */
  readonly sets: readonly MemberSet[];
  /** What was asked: a cursor serves no other list. */
  readonly list: readonly string[];
  readonly order: "id" | "score";
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly fields: readonly MemberField[];
}

/** `"members":[…],"next":…,"as_of":…,"lag_ms":…}`: the rest of an answer whose head is the caller's. */
export function listMembers(context: QueryContext, request: MemberListRequest): string {
  const { sets, fields } = request;
  const { rows, next } = page(request);
  const views = new Map(sets.map((set) => [set.partition, set.view]));
  const model = context.models.current;
  const members: string[] = [];
  for (const { partition, slot } of rows) {
    const view = views.get(partition);
    if (view !== undefined) members.push(memberJson(view, slot, fields, model));
  }
  const fresh = freshnessJson(freshness(context, context.follower.partitions));
  return `"members":[${members.join(",")}],"next":${next === null ? "null" : JSON.stringify(next)},${fresh}`;
}

function page(request: MemberListRequest): { rows: readonly Position[]; next: string | null } {
  const { sets, order, limit, cursor } = request;
  // Slots are numbered within partitions, so a cursor holds for one number of partitions.
  const list: CursorPart[] = [...request.list, order, sets.length];
  if (order === "score") {
    const after = cursor === undefined ? null : decodeCursor(cursor, list, ["integer", "integer", "integer"]);
    const [micros = 0, partition = 0, slot = 0] = (after ?? []).map(Number);
    const found = pageByScore(sets, limit, after === null ? null : { micros, partition, slot });
    return withCursor(found, list, (row) => [row.micros, row.partition, row.slot]);
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
