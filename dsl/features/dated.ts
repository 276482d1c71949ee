/** A value of an event's property with the event's place in time. */
import { compareCodePoints } from "../../kernel/compare.ts";
import type { ByteReader, ByteWriter } from "../../kernel/bytes.ts";
import { readJson, writeJson } from "../../kernel/json-bytes.ts";
import type { Scalar } from "../value.ts";

export interface DatedValue {
  /** The event's timestamp, ms since 1970. */
  at: number;
  /** Its messageId, which orders equal timestamps. */
  by: string;
  value: Scalar;
}

/** Negative when (at, by) is earlier than the other. */
export function compareDated(at: number, by: string, other: DatedValue): number {
  return at !== other.at ? at - other.at : compareCodePoints(by, other.by);
}

export function writeDated(out: ByteWriter, dated: DatedValue): void {
  out.varint(dated.at);
  out.text(dated.by);
  writeJson(out, dated.value);
}

export function readDated(input: ByteReader): DatedValue {
  const at = input.varint();
  const by = input.text();
  return { at, by, value: readJson(input) as Scalar };
}
