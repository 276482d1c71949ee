/** Entries of a partition's stream as they come from Redis, and decoded. */
import { decodeControl } from "../kernel/control.ts";
import { openEntry } from "../kernel/entry.ts";
import type { StreamEntry } from "./state-machine.ts";

/** As XREAD and XRANGE reply: id, and fields and values in turn. */
export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

/** What a stream entry's field is named. */
export type FieldName = "e" | "c";

/** Throws on an entry that this release can't read: passing it over would lose what was accepted. */
export function decodeEntry(raw: RawEntry): StreamEntry {
  const [name, value] = fieldOf(raw);
  return decodeValue(idOf(raw), name, value);
}

export function idOf([id]: RawEntry): string {
  return id.toString("latin1");
}

/** The only field of an entry. Throws where it is none that this release knows. */
export function fieldOf(raw: RawEntry): [name: FieldName, value: Buffer] {
  const [name, value] = raw[1];
  if (name === undefined || value === undefined || raw[1].length !== 2) {
    throw new Error(`entry ${idOf(raw)} has ${raw[1].length / 2} fields, not one`);
  }
  const text = name.toString("latin1");
  if (text === "e" || text === "c") return [text, value];
  throw new Error(`entry ${idOf(raw)} has the unknown field ${JSON.stringify(text)}`);
}

/** Throws where the value is damaged or of another release. */
export function decodeValue(id: string, name: FieldName, value: Buffer): StreamEntry {
  try {
    return name === "e"
      ? { id, kind: "events", events: openEntry(value) }
      : { id, kind: "control", control: decodeControl(value) };
  } catch (error) {
    throw new Error(`entry ${id} can't be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Bytes of an entry's values, for bounding what is read ahead. */
export function entryBytes([, fields]: RawEntry): number {
  let bytes = 0;
  for (const field of fields) bytes += field.length;
  return bytes;
}

export function eventsOf(entry: StreamEntry): number {
  return entry.kind === "events" ? entry.events.count : 0;
}
