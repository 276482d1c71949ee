/**
 * Control entries: everything but events that a partition's stream can carry, so that all that changes a partition
 * has a position in its stream. One control is one stream entry with the field `c` (msgpack); events use `e`.
 */
import { pack, unpack } from "msgpackr";
import type { ModelRecord } from "./model-record.ts";

export type Control =
  /** Switches the model. Ignored by a partition that has this version or a later one already. */
  | { readonly kind: "model"; readonly record: ModelRecord }
  /** Echoed in the delta of the step that reaches it, so whoever wrote it knows that all before it is visible. */
  | { readonly kind: "barrier"; readonly nonce: string }
  /** Asks for one contact's profile card; the reply travels in the delta of the step that reaches it. */
  | { readonly kind: "card"; readonly nonce: string; readonly contactId: string }
  /** `CLOCK=event`: moves the partition's clock forward to `now` (ms since 1970), never back. */
  | { readonly kind: "clock"; readonly nonce: string; readonly now: number };

/**
 * Kinds whose place is kept for later: edits through the API, contacts that arrive from another partition, changes
 * of a company. A partition that meets a kind it doesn't know stops with an error instead of passing it over.
 */
export const RESERVED_CONTROLS = ["edit", "merge", "forget", "company", "rfm"] as const;

export function encodeControl(control: Control): Buffer {
  return pack(control);
}

/** Throws on a kind that this release doesn't know: skipping it would lose something that was accepted. */
export function decodeControl(bytes: Buffer): Control {
  const control = unpack(bytes) as Control;
  switch (control.kind) {
    case "model":
    case "barrier":
    case "card":
    case "clock":
      return control;
    default:
      throw new Error(`unknown control entry ${JSON.stringify((control as { kind: unknown }).kind)}`);
  }
}
