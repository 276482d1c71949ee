/**
 * Calls as a scan of their JSON text has found them: where things stand in the text, so that what goes into an entry
 * is copied from there without becoming an object or a string on the way. A tape is used again for the next body; what
 * stands in it is valid until then.
 */
import { DoubleColumn, UintColumn } from "./entry-columns.ts";
import { CALL_KINDS, type Event, type Json, type JsonObject } from "./event.ts";

/** Texts in the source, from one place to another. Where `to` is 0 there is none, or it is in `strings` at `from`. */
export class TapeTexts {
  readonly from = new UintColumn();
  readonly to = new UintColumn();
  /** `textHash` of the bytes. */
  readonly hash = new UintColumn();

  push(from: number, to: number, hash: number): void {
    this.from.push(from);
    this.to.push(to);
    this.hash.push(hash);
  }

  /** Whether there is a text; an absent one is `push(0, 0, 0)` and no text begins a body. */
  has(place: number): boolean {
    return this.to.at(place) !== 0;
  }

  clear(): void {
    this.from.length = 0;
    this.to.length = 0;
    this.hash.length = 0;
  }
}

export class CallTape {
  source: Buffer = Buffer.alloc(0);
  /** Decoded texts, and nested values. */
  readonly strings: string[] = [];
  readonly values: Json[] = [];

  readonly kinds = new UintColumn();
  /** Empty for none. */
  readonly names = new TapeTexts();
  /** Empty for none, always ASCII; the hash is not set. */
  readonly userIds = new TapeTexts();
  readonly anonymousIds = new TapeTexts();
  readonly messageIds = new TapeTexts();
  readonly timestamps = new DoubleColumn();
  readonly contexts: (JsonObject | null)[] = [];
  /** One number for the call's kind, name and list of keys: equal for equal ones. */
  readonly forms = new UintColumn();
  /** Where each call's properties end among all. */
  readonly propertyEnds = new UintColumn();

  readonly keys = new TapeTexts();
  /** VALUE_… of kernel/entry-layout.ts. */
  readonly types = new UintColumn();
  /** Of VALUE_STRING. Others have a row here too. */
  readonly texts = new TapeTexts();
  /** The value of VALUE_NUMBER, or the place in `values` of VALUE_COMPLEX. */
  readonly numbers = new DoubleColumn();

  get count(): number {
    return this.kinds.length;
  }

  propertiesFrom(call: number): number {
    return call === 0 ? 0 : (this.propertyEnds.items[call - 1] ?? 0);
  }

  /** The call's anonymousId; empty where it has none. */
  anonymousId(call: number): string {
    return this.source.toString("latin1", this.anonymousIds.from.at(call), this.anonymousIds.to.at(call));
  }

  /** The call's kind, name and keys; what its values are is left out. */
  outline(call: number): Pick<Event, "kind" | "name" | "properties" | "traits"> {
    const kind = CALL_KINDS[this.kinds.at(call)] ?? "track";
    const keys: [string, Json][] = [];
    for (let i = this.propertiesFrom(call); i < this.propertyEnds.at(call); i++) {
      keys.push([this.source.toString("utf8", this.keys.from.at(i), this.keys.to.at(i)), null]);
    }
    const properties = Object.fromEntries(keys);
    const name = this.source.toString("utf8", this.names.from.at(call), this.names.to.at(call));
    const traits = kind === "identify" ? properties : {};
    return { kind, name: this.names.has(call) ? name : null, properties, traits };
  }

  clear(source: Buffer): void {
    this.source = source;
    this.strings.length = 0;
    this.values.length = 0;
    this.contexts.length = 0;
    for (const column of [this.kinds, this.timestamps, this.forms, this.propertyEnds, this.types, this.numbers]) {
      column.length = 0;
    }
    for (const texts of [this.names, this.userIds, this.anonymousIds, this.messageIds, this.keys, this.texts]) {
      texts.clear();
    }
  }
}
