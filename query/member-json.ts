/** Members of lists as JSON text. Written by hand: a page can have 10,000, and each field is one read of a column. */
import { fromMicros } from "../kernel/decimal.ts";
import { compareCodePoints } from "../kernel/compare.ts";
import type { ActiveModel } from "./model-registry.ts";
import type { Freshness } from "./context.ts";
import type { PartitionView } from "./view.ts";

export const MEMBER_FIELDS = ["id", "score", "stage", "tags"] as const;
export type MemberField = (typeof MEMBER_FIELDS)[number];

export function memberJson(
  view: PartitionView,
  slot: number,
  fields: readonly MemberField[],
  model: ActiveModel,
): string {
  let text = "";
  for (const field of fields) text += `${text === "" ? "{" : ","}"${field}":${fieldJson(view, slot, field, model)}`;
  return `${text}}`;
}

function fieldJson(view: PartitionView, slot: number, field: MemberField, model: ActiveModel): string {
  switch (field) {
    case "id":
      return JSON.stringify(view.ids.id(slot));
    case "score":
      return String(fromMicros(view.score(slot)));
    case "stage":
      return JSON.stringify(model.stageName(view.stages.get(slot)));
    case "tags":
      return JSON.stringify(tagsOf(view, slot));
  }
}

/** Strongest first, equal scores by name. */
export function tagsOf(view: PartitionView, slot: number): { name: string; score: number }[] {
  const tags: { name: string; score: number }[] = [];
  view.tags.eachTagOf(slot, (tag, points) => {
    tags.push({ name: view.tagNames.name(tag), score: fromMicros(points) });
  });
  return tags.sort((a, b) => b.score - a.score || compareCodePoints(a.name, b.name));
}

/** The end of an answer's object: how fresh it is. */
export function freshnessJson({ as_of, lag_ms }: Freshness): string {
  return `"as_of":${as_of === null ? "null" : `"${as_of}"`},"lag_ms":${lag_ms ?? "null"}}`;
}

export const JSON_TYPE = "application/json; charset=utf-8";

/** A reply, whatever its route's schema says of the payload. */
interface AnyReply {
  header(name: string, value: string): unknown;
  send(payload: never): unknown;
}

/** Sends what is JSON already: the route's schema only describes it, nothing is serialised again. */
export function sendJson(reply: AnyReply, json: string | Buffer): unknown {
  reply.header("content-type", JSON_TYPE);
  return reply.send(json as never);
}
