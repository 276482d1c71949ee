/** Entries of a partition's stream as they come from Redis, and decoded. */
import { decodeControl } from "../kernel/control.ts";
import { openEntry } from "../kernel/entry.ts";
import type { StreamEntry } from "./state-machine.ts";

/** As XREAD and XRANGE reply: id, and fields and values in turn. */
export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

/** Throws on an entry that this release can't read: passing it over would lose what was accepted. */
export function decodeEntry([idBytes, fields]: RawEntry): StreamEntry {
  const id = idBytes.toString("latin1");
  const name = fields[0]?.toString("latin1");
  const value = fields[1];
  if (value === undefined || fields.length !== 2)
    throw new Error(`entry ${id} has ${fields.length / 2} fields, not one`);
  try {
    if (name === "e") return { id, kind: "events", events: openEntry(value) };
    if (name === "c") return { id, kind: "control", control: decodeControl(value) };
  } catch (error) {
    throw new Error(`entry ${id} can't be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  throw new Error(`entry ${id} has the unknown field ${JSON.stringify(name)}`);
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
