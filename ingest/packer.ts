/**
 * Packs events: bodies of calls are read straight from their bytes and become entries of their contacts' partitions, without
 * an object or a string on the way. It is done by some 30 KB of WebAssembly made of the sources in packer/; this is its
 * host, which hands bodies over, does what is rare, and takes the entries.
 *
 * It knows only ordinary calls: whatever is odd, invalid or refused by a rule is left alone and must be read by `calls.ts`,
 * which alone knows the rules in full. Each rule of packer/ may be stricter than in `calls.ts` and must never be laxer.
 */
import { isUtf8 } from "node:buffer";
import { randomBytes, randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ClockMode } from "../kernel/clock.ts";
import {
  CHECKED_FROM,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
} from "../kernel/entry-layout.ts";
import { CALL_KINDS, type CallKind, type Event, type Json, type JsonObject } from "../kernel/event.ts";
import { LIMITS } from "../kernel/limits.ts";
import { readId, readInstant } from "./fields.ts";
import type { IngestLimits } from "./limits.ts";
import { checkBounds } from "./json.ts";
import { PACKER_CODE } from "./packer-code.ts";

export interface PackerOptions {
  readonly partitions: number;
  readonly clockMode: ClockMode;
  readonly limits: Pick<IngestLimits, "event_bytes_max" | "batch_events_max">;
}

/** What a `collect` did; `touched` and `begun` are good until the packer is asked for anything else. */
export interface Collected {
  readonly events: number;
  /** About how many bytes entries have grown by. */
  readonly bytes: number;
  /** Partitions that it put events into. */
  readonly touched: Uint32Array;
  /** Those of them that had none before. */
  readonly begun: Uint32Array;
  /** What of each call whose form was new: kind, name and keys. */
  readonly outlines: readonly Outline[];
}

/** A call without its values. */
export type Outline = Pick<Event, "kind" | "name" | "properties" | "traits">;

export interface Packer {
  /**
   * Reads a body with one call of a kind, or a batch: gives how many calls it has, -1 where it isn't ordinary.
   * @param receivedAt ms since 1970
   */
  scan(body: Buffer, takes: CallKind | "batch", receivedAt: number): number;
  /** Puts the calls of the last `scan` into entries; once for each scan. */
  collect(): Collected;
  /** How many events the entry of a partition has so far. */
  eventsIn(partition: number): number;
  /** The entry of a partition, which has another one from now on. Throws when memory ran out: it must not be sent. */
  finish(partition: number, receivedAt: number): Buffer;
}

/** Larger bodies aren't ordinary: the memory for a body never becomes smaller again. */
const BODY_BYTES_MAX = 1024 * 1024;
/** `call` of packer/tape.ts. */
const CALL_NAME = 0;
const CALL_KIND = 44;
const CALL_PROPERTIES_END = 56;
const TEXT_TO = 4;
/** `layout.ts` there. */
const NODE_ARRAY = 6;
const NODE_OBJECT = 7;

/** The part of the WebAssembly API that is used; the compiler knows it only together with a browser's. */
interface Wasm {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports };
}
const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  open(partitions: number, seed: bigint): void;
  setBounds(isWall: boolean, futureMs: number, event: number, batch: number, id: number, messageId: number): void;
  bodyRoom(bytes: number): number;
  scan(bytes: number, kind: number, receivedAt: number): number;
  collect(): number;
  touchedAt(): number;
  touchedCount(): number;
  begunAt(): number;
  begunCount(): number;
  freshAt(): number;
  freshCount(): number;
  callAt(place: number): number;
  propertyAt(place: number): number;
  propertiesFrom(place: number): number;
  contextTraitsAt(place: number): number;
  eventsIn(partition: number): number;
  finish(partition: number, receivedAt: number): number;
  entryAt(): number;
}

/** One object, because nobody looks at its stack. */
const ODD = new Error("not an ordinary call");

/** Null where the machine can't. */
function compile(): object | null {
  try {
    return new wasm.Module(Buffer.from(PACKER_CODE, "base64"));
  } catch {
    return null;
  }
}

/** To whom no call is ordinary. */
const NO_PACKER: Packer = {
  scan: () => -1,
  collect: () => nothingToCollect(),
  eventsIn: () => 0,
  finish: () => nothingToCollect(),
};

function nothingToCollect(): never {
  throw new Error("there is nothing to collect");
}

export function createPacker(options: PackerOptions): Packer {
  const module = compile();
  return module === null ? NO_PACKER : instantiate(module, options);
}

function instantiate(module: object, { partitions, clockMode, limits }: PackerOptions): Packer {
  /** The memory as bytes; others whenever it has grown. */
  let bytes = Buffer.alloc(0);
  /** Calls of the last scan that nobody has collected. */
  let scanned = -1;
  /** False for good when a `collect` has failed in the middle: it ran out of memory, and an entry may have half an event. */
  let isWhole = true;

  function now(): Buffer {
    const { buffer } = packer.memory;
    if (bytes.buffer !== buffer) bytes = Buffer.from(buffer);
    return bytes;
  }

  const host = {
    odd(): never {
      throw ODD;
    },
    abort(): never {
      throw new Error("the packer has a fault");
    },
    numberOf: (from: number, to: number) => Number(now().toString("latin1", from, to)),
    instantOf(from: number, to: number): number {
      const text = JSON.parse(now().toString("utf8", from - 1, to + 1)) as string;
      return readInstant(text, "timestamp") ?? NaN;
    },
    isIdOfSomebody(from: number, to: number, isUser: number): boolean {
      const field = isUser === 0 ? "anonymousId" : "userId";
      return readId({ [field]: now().toString("latin1", from, to) }, field) !== null;
    },
    makeId: (into: number) => void now().write(randomUUID(), into, "latin1"),
    writeNodes(from: number, to: number, into: number): number {
      const text = now().toString("utf8", from, to);
      // Halves of surrogate pairs may make different keys one.
      if (text.includes("\\u")) throw ODD;
      const value = JSON.parse(text) as Json;
      // Two levels further down than any value that is read here, at most one too many.
      checkBounds({ a: { a: value } }, Infinity, "");
      return writeNode(now(), into, value);
    },
  };

  const packer = new wasm.Instance(module, { outside: host, env: host }).exports;
  packer.open(partitions, randomBytes(8).readBigUInt64LE());
  packer.setBounds(
    clockMode === "wall",
    LIMITS.future_ms_max,
    limits.event_bytes_max,
    limits.batch_events_max,
    LIMITS.id_chars_max,
    LIMITS.message_id_chars_max,
  );

  function outline(call: number): Outline {
    const memory = now();
    const row = packer.callAt(call);
    const textAt = (at: number): string =>
      memory.toString("utf8", memory.readUInt32LE(at), memory.readUInt32LE(at + TEXT_TO));
    const kind = CALL_KINDS[memory.readUInt32LE(row + CALL_KIND)] ?? "track";
    const end = memory.readUInt32LE(row + CALL_PROPERTIES_END);
    const keys: [string, Json][] = [];
    for (let i = packer.propertiesFrom(call); i < end; i++) keys.push([textAt(packer.propertyAt(i)), null]);
    const properties = Object.fromEntries(keys);
    const hasName = memory.readUInt32LE(row + CALL_NAME + TEXT_TO) !== 0;
    const name = hasName ? textAt(row + CALL_NAME) : null;
    const traits = packer.contextTraitsAt(call);
    if (traits !== 0) return { kind, name, properties, traits: keysIn(memory, traits) };
    return { kind, name, properties, traits: kind === "identify" ? properties : {} };
  }

  return {
    scan(body, takes, receivedAt) {
      scanned = -1;
      if (!isWhole || body.length > BODY_BYTES_MAX || !isUtf8(body)) return -1;
      const kind = takes === "batch" ? -1 : CALL_KINDS.indexOf(takes);
      // Neither is supported yet, and what they will be is no ordinary event.
      if (takes === "group" || takes === "alias") return -1;
      const at = packer.bodyRoom(body.length);
      body.copy(now(), at);
      try {
        scanned = packer.scan(body.length, kind, receivedAt);
        return scanned;
      } catch {
        // What a rule has refused it will refuse again, where that can be told.
        return -1;
      }
    },
    collect() {
      if (scanned < 0) nothingToCollect();
      const events = scanned;
      scanned = -1;
      isWhole = false;
      const grown = packer.collect();
      isWhole = true;
      const { buffer } = packer.memory;
      const outlines: Outline[] = [];
      const fresh = packer.freshCount();
      if (fresh > 0) {
        for (const call of new Uint32Array(buffer, packer.freshAt(), fresh)) outlines.push(outline(call));
      }
      return {
        events,
        bytes: grown,
        touched: new Uint32Array(buffer, packer.touchedAt(), packer.touchedCount()),
        begun: new Uint32Array(buffer, packer.begunAt(), packer.begunCount()),
        outlines,
      };
    },
    eventsIn: (partition) => packer.eventsIn(partition),
    finish(partition, receivedAt) {
      // Nobody was told that these events are taken. To end is all that makes everybody send them again.
      if (!isWhole) throw new Error("the packer has run out of memory");
      const length = packer.finish(partition, receivedAt);
      const at = packer.entryAt();
      const entry = Buffer.allocUnsafe(length);
      now().copy(entry, 0, at, at + length);
      entry.writeUInt32LE(crc32(entry.subarray(CHECKED_FROM)), 4);
      return entry;
    },
  };
}

/** The keys of an object of nodes, without its values. */
function keysIn(memory: Buffer, object: number): JsonObject {
  const keys: [string, Json][] = [];
  let at = object + 5;
  for (let left = memory.readUInt32LE(object + 1); left > 0; left--) {
    const to = at + 4 + memory.readUInt32LE(at);
    keys.push([memory.toString("utf8", at + 4, to), null]);
    at = to + 4 + memory.readUInt32LE(to);
  }
  return Object.fromEntries(keys);
}

/** Writes a value as nodes, as packer/nodes.ts describes them; gives the place behind it. */
function writeNode(into: Buffer, from: number, value: Json): number {
  let at = from;
  if (value === null) into[at++] = VALUE_NULL;
  else if (typeof value === "boolean") into[at++] = value ? VALUE_TRUE : VALUE_FALSE;
  else if (typeof value === "number") {
    into[at++] = VALUE_NUMBER;
    // Adding zero turns a negative zero into a zero: JSON texts of the two differ, no meaning does.
    at = into.writeDoubleLE(value + 0, at);
  } else if (typeof value === "string") {
    into[at++] = VALUE_STRING;
    at = writeText(into, at, value);
  } else if (Array.isArray(value)) {
    const items = value as readonly Json[];
    into[at++] = NODE_ARRAY;
    at = into.writeUInt32LE(items.length, at);
    for (const item of items) at = writeNode(into, at, item);
  } else {
    const keys = Object.keys(value);
    into[at++] = NODE_OBJECT;
    at = into.writeUInt32LE(keys.length, at);
    for (const key of keys) {
      const sizeAt = writeText(into, at, key);
      at = writeNode(into, sizeAt + 4, (value as JsonObject)[key] ?? null);
      into.writeUInt32LE(at - sizeAt - 4, sizeAt);
    }
  }
  return at;
}

function writeText(into: Buffer, at: number, text: string): number {
  const length = into.write(text, at + 4, "utf8");
  into.writeUInt32LE(length, at);
  return at + 4 + length;
}
