/**
 * The entries of a group of events, at most two for each partition: one of what came as bodies of ordinary calls, which the
 * packer makes, and one of what came as objects, which an `EntryWriter` makes. In each of them events stay in the order in
 * which they came.
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
  /** Partitions that the packer has an entry for, and those that a writer has. */
  readonly #packed: number[] = [];
  readonly #written: number[] = [];
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
    for (const partition of collected.begun) this.#packed.push(partition);
    return collected;
  }

  /** Takes an event; gives its partition. */
  add(event: Event): number {
    const contactId = contactIdOf(event.userId, event.anonymousId);
    hash64(contactId);
    const { lo, hi } = hash;
    const partition = partitionOfHash(lo, this.#writers.length);
    const writer = this.#writer(partition);
    if (writer.count === 0) this.#written.push(partition);
    const before = writer.bytes;
    writer.addHashed(event, contactId, lo, hi);
    this.#bytes += writer.bytes - before;
    this.#events++;
    return partition;
  }

  /** All entries. There are none from now on. */
  take(): readonly Entry[] {
    const receivedAt = this.#clock.now();
    const entries: Entry[] = [];
    for (const partition of this.#packed) {
      const events = this.#packer.eventsIn(partition);
      entries.push({ partition, events, bytes: this.#packer.finish(partition, receivedAt) });
    }
    for (const partition of this.#written) {
      const writer = this.#writer(partition);
      const events = writer.count;
      entries.push({ partition, events, bytes: writer.finish(receivedAt) });
    }
    this.#packed.length = 0;
    this.#written.length = 0;
    this.#events = 0;
    this.#bytes = 0;
    return entries;
  }

  #writer(partition: number): EntryWriter {
    const writer = this.#writers[partition];
    if (writer === undefined) throw new Error(`there is no partition ${partition}`);
    return writer;
  }
}
