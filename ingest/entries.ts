/**
 * The entries of a group of events, one for each partition and sometimes two: what comes as bodies of ordinary calls goes
 * through the packer, what comes as objects through an `EntryWriter`, and where the two take turns in a partition the one's
 * entry is closed before the other's begins, so that events stay in their order.
 */
import type { Clock } from "../kernel/clock.ts";
import { EntryWriter } from "../kernel/entry-writer.ts";
import type { Event } from "../kernel/event.ts";
import { contactIdOf, hash, hash64, partitionOfHash } from "../kernel/ids.ts";
import type { Collected, Packer } from "./packer.ts";

export interface Entry {
  readonly partition: number;
  readonly events: number;
  readonly bytes: Buffer;
}

export class GroupEntries {
  readonly #packer: Packer;
  readonly #clock: Clock;
  readonly #writers: readonly EntryWriter[];
  /** Partitions that have an open entry. */
  readonly #open: number[] = [];
  #closed: Entry[] = [];
  #events = 0;
  #bytes = 0;

  constructor(packer: Packer, partitions: number, clock: Clock) {
    this.#packer = packer;
    this.#clock = clock;
    this.#writers = Array.from({ length: partitions }, () => new EntryWriter());
  }

  get events(): number {
    return this.#events;
  }

  /** About how many bytes the entries have. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the calls that the packer has scanned last. */
  addScanned(): Collected {
    const collected = this.#packer.collect();
    this.#events += collected.events;
    this.#bytes += collected.bytes;
    for (const partition of collected.begun) {
      const writer = this.#writer(partition);
      if (writer.count === 0) this.#open.push(partition);
      else this.#close(partition, writer.count, writer.finish(this.#clock.now()));
    }
    return collected;
  }

  /** Takes an event; gives its partition. */
  add(event: Event): number {
    const contactId = contactIdOf(event.userId, event.anonymousId);
    hash64(contactId);
    const { lo, hi } = hash;
    const partition = partitionOfHash(lo, this.#writers.length);
    const writer = this.#writer(partition);
    if (writer.count === 0) {
      const packed = this.#packer.eventsIn(partition);
      if (packed === 0) this.#open.push(partition);
      else this.#close(partition, packed, this.#packer.finish(partition, this.#clock.now()));
    }
    const before = writer.bytes;
    writer.addHashed(event, contactId, lo, hi);
    this.#bytes += writer.bytes - before;
    this.#events++;
    return partition;
  }

  /** All entries, those of a partition in their order. There are none from now on. */
  take(): readonly Entry[] {
    const receivedAt = this.#clock.now();
    for (const partition of this.#open) {
      const writer = this.#writer(partition);
      const events = writer.count === 0 ? this.#packer.eventsIn(partition) : writer.count;
      const bytes = writer.count === 0 ? this.#packer.finish(partition, receivedAt) : writer.finish(receivedAt);
      this.#close(partition, events, bytes);
    }
    const entries = this.#closed;
    this.#closed = [];
    this.#open.length = 0;
    this.#events = 0;
    this.#bytes = 0;
    return entries;
  }

  #close(partition: number, events: number, bytes: Buffer): void {
    this.#closed.push({ partition, events, bytes });
  }

  #writer(partition: number): EntryWriter {
    const writer = this.#writers[partition];
    if (writer === undefined) throw new Error(`there is no partition ${partition}`);
    return writer;
  }
}
