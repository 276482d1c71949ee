/**
 * Calls as a scan of their JSON text has found them: where things stand in the text, so that what goes into an entry
 * is copied from there without becoming an object or a string on the way. A tape is used again for the next body; what
 * stands in it is valid until then. Calls and properties are rows of integers (`call-layout.ts`), one behind the other.
 */
import * as callLayout from "./call-layout.ts";
import { CALL_KINDS, type Event, type Json, type JsonObject } from "./event.ts";

// Constants of its own are part of a module's machine code; imported names are looked up at every use.
const { TEXT_FROM, TEXT_TO, CALL_ITEMS, CALL_NAME, CALL_KIND, CALL_PROPERTIES_END, PROPERTY_ITEMS, PROPERTY_KEY } =
  callLayout;

export class CallTape {
  source: Buffer = Buffer.alloc(0);
  /** Decoded texts, and nested values. */
  readonly strings: string[] = [];
  readonly values: Json[] = [];

  /** `CALL_ITEMS` for each call. */
  calls = new Int32Array(32 * CALL_ITEMS);
  timestamps = new Float64Array(32);
  readonly contexts: (JsonObject | null)[] = [];
  count = 0;

  /** `PROPERTY_ITEMS` for each property. */
  properties = new Int32Array(32 * PROPERTY_ITEMS);
  /** For each property the value of VALUE_NUMBER, or the place in `values` of VALUE_COMPLEX. */
  numbers = new Float64Array(32);
  propertyCount = 0;

  /** Makes room for a call behind the last and returns where its row begins; it has no texts. */
  openCall(): number {
    if (this.count === this.timestamps.length) {
      this.calls = twice(this.calls, new Int32Array(this.calls.length * 2));
      this.timestamps = twice(this.timestamps, new Float64Array(this.count * 2));
    }
    const row = this.count * CALL_ITEMS;
    for (let i = row; i < row + CALL_ITEMS; i++) this.calls[i] = 0;
    return row;
  }

  /** Takes up the call that `openCall` has made room for. */
  closeCall(timestamp: number, context: JsonObject | null): void {
    this.calls[this.count * CALL_ITEMS + CALL_PROPERTIES_END] = this.propertyCount;
    this.timestamps[this.count] = timestamp;
    this.contexts.push(context);
    this.count++;
  }

  /** Adds a property, of which only its row is to be filled, and returns where that begins. */
  addProperty(): number {
    if (this.propertyCount === this.numbers.length) {
      this.properties = twice(this.properties, new Int32Array(this.properties.length * 2));
      this.numbers = twice(this.numbers, new Float64Array(this.propertyCount * 2));
    }
    return this.propertyCount++ * PROPERTY_ITEMS;
  }

  propertiesFrom(call: number): number {
    return call === 0 ? 0 : (this.calls[call * CALL_ITEMS - CALL_ITEMS + CALL_PROPERTIES_END] ?? 0);
  }

  propertiesEnd(call: number): number {
    return this.calls[call * CALL_ITEMS + CALL_PROPERTIES_END] ?? 0;
  }

  /** One of a call's texts, such as CALL_NAME; empty where it has none. */
  text(call: number, item: number): string {
    return this.#textAt(this.calls, call * CALL_ITEMS + item);
  }

  key(property: number): string {
    return this.#textAt(this.properties, property * PROPERTY_ITEMS + PROPERTY_KEY);
  }

  #textAt(rows: Int32Array, at: number): string {
    return this.source.toString("utf8", rows[at + TEXT_FROM] ?? 0, rows[at + TEXT_TO] ?? 0);
  }

  /** The call's kind, name and keys; what its values are is left out. */
  outline(call: number): Pick<Event, "kind" | "name" | "properties" | "traits"> {
    const kind = CALL_KINDS[this.calls[call * CALL_ITEMS + CALL_KIND] ?? 0] ?? "track";
    const keys: [string, Json][] = [];
    for (let i = this.propertiesFrom(call); i < this.propertiesEnd(call); i++) keys.push([this.key(i), null]);
    const properties = Object.fromEntries(keys);
    return {
      kind,
      name: this.text(call, CALL_NAME) || null,
      properties,
      traits: kind === "identify" ? properties : {},
    };
  }

  clear(source: Buffer): void {
    this.source = source;
    this.strings.length = 0;
    this.values.length = 0;
    this.contexts.length = 0;
    this.count = 0;
    this.propertyCount = 0;
  }
}

function twice<T extends Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
