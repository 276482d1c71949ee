/**
 * The smallest shard that keeps the whole contract of processor/state-machine.ts: a counter per contact that falls
 * asleep after a while. Everything is stored as JSON, so that a failing test can be read.
 *
 * Each event that is no repeat adds one to its contact, which is awake until `AWAKE_MS` after its newest timestamp.
 * Every third event of a contact enters the feed. An event named `Poison` makes the handler throw. A model is only
 * its version, which a migration writes into every contact.
 */
import type { Reply } from "../../kernel/delta.ts";
import {
  HandlerFault,
  type Shard,
  type ShardOptions,
  type ShardStart,
  type StepInput,
  type StepOutput,
} from "../../processor/state-machine.ts";

export const AWAKE_MS = 1_000;
export const FEED_EVERY = 3;
const PAGE_CONTACTS = 4;
const CONTACT_BYTES = 100;
const SEEN_CHUNK = 20;
/** Full chunks that are remembered: a repeat is known for at least this many events times the chunk's size. */
const SEEN_CHUNKS = 50;

export interface FakeContact {
  readonly id: string;
  count: number;
  last: number;
  awake: boolean;
  model: number;
}

interface Page {
  /** As loaded: the step it held. */
  readonly holds: number;
  readonly contacts: FakeContact[];
  dirty: boolean;
  used: number;
}

interface Checkpoint {
  readonly seq: number;
  readonly clock: number;
  readonly contacts: number;
  readonly model: number;
  readonly migration: Shard["migration"];
  readonly seen: number;
}

export interface FakeFeedRecord {
  readonly contact: string;
  readonly count: number;
}

/** The oldest chunk that is still remembered when `count` messages were seen. */
function firstChunk(count: number): number {
  return Math.max(0, Math.floor(count / SEEN_CHUNK) - SEEN_CHUNKS);
}

export function createShard(_options: ShardOptions, start?: ShardStart): Shard {
  const directory = new Map<string, number>();
  /** By slot; 0 for none. */
  const flips: number[] = [];
  const pages = new Map<number, Page>();
  const seenList: string[] = [];
  const seenSet = new Set<string>();
  const changedChunks = new Set<number>();
  /** Those before are no longer in the hash, or need not be. */
  let removedChunks = 0;
  let seq = 0;
  let clock = 0;
  let contacts = 0;
  let model = 0;
  let migration: Shard["migration"] = null;
  let uses = 0;

  if (start !== undefined) {
    const saved = JSON.parse(start.checkpoint.toString()) as Checkpoint;
    ({ seq, clock, contacts, model, migration } = saved);
    for (const [number, bytes] of start.index) {
      const { rows } = JSON.parse(bytes.toString()) as { rows: [string, number][] };
      rows.forEach(([id, flip], i) => {
        directory.set(id, number * PAGE_CONTACTS + i);
        flips[number * PAGE_CONTACTS + i] = flip;
      });
    }
    removedChunks = firstChunk(saved.seen);
    for (let chunk = removedChunks; chunk * SEEN_CHUNK < saved.seen; chunk++) {
      const bytes = start.seen.get(String(chunk));
      if (bytes === undefined) throw new Error(`seen chunk ${chunk} is missing`);
      (JSON.parse(bytes.toString()) as string[]).forEach((id, i) => {
        const at = chunk * SEEN_CHUNK + i;
        if (at >= saved.seen) throw new Error("seen is ahead of the checkpoint");
        seenList[at] = id;
        seenSet.add(id);
      });
    }
  }

  const pageOf = (slot: number): number => Math.floor(slot / PAGE_CONTACTS);
  const exists = (number: number): boolean => number * PAGE_CONTACTS < directory.size;

  const page = (number: number): Page => {
    let found = pages.get(number);
    if (found === undefined) {
      if (exists(number)) throw new Error(`page ${number} was not brought`);
      found = { holds: 0, contacts: [], dirty: false, used: 0 };
      pages.set(number, found);
    }
    found.used = ++uses;
    return found;
  };

  const contactAt = (slot: number): FakeContact => {
    const contact = page(pageOf(slot)).contacts[slot % PAGE_CONTACTS];
    if (contact === undefined) throw new Error(`there is no contact ${slot}`);
    return contact;
  };

  const due = (until: number): number[] =>
    flips
      .flatMap((flip, slot) => (flip > 0 && flip <= until ? [slot] : []))
      .sort((a, b) => (flips[a] ?? 0) - (flips[b] ?? 0) || a - b);

  const sleepUntil = (until: number, input: StepInput, changed: Set<FakeContact>): void => {
    for (const slot of due(until)) {
      const contact = contactAt(slot);
      const home = page(pageOf(slot));
      if (home.holds >= input.seq) continue;
      contact.awake = false;
      flips[slot] = 0;
      home.dirty = true;
      changed.add(contact);
    }
  };

  return {
    get seq() {
      return seq;
    },
    get clock() {
      return clock;
    },
    get model() {
      return model;
    },
    get contacts() {
      return contacts;
    },
    get migration() {
      return migration;
    },
    get residentBytes() {
      let bytes = 0;
      for (const { contacts: rows } of pages.values()) bytes += rows.length * CONTACT_BYTES;
      return bytes;
    },

    missingPages(input) {
      const wanted = new Set<number>();
      if (input.work.kind === "migrate") {
        for (let number = input.work.fromPage; number < input.work.toPage; number++) wanted.add(number);
      } else {
        for (const slot of due(input.work.kind === "timers" ? input.work.until : input.now)) wanted.add(pageOf(slot));
      }
      let next = contacts;
      const fresh = new Map<string, number>();
      for (const entry of input.entries) {
        if (entry.kind !== "events") continue;
        for (let i = 0; i < entry.events.count; i++) {
          const id = entry.events.contactId(i);
          const known = directory.get(id) ?? fresh.get(id);
          const slot = known ?? next;
          if (known === undefined) fresh.set(id, slot);
          if (slot >= next) next = slot + 1;
          wanted.add(pageOf(slot));
        }
      }
      return [...wanted].filter((number) => !pages.has(number) && exists(number)).sort((a, b) => a - b);
    },

    loadPage(number, bytes) {
      const { seq: holds, rows } = JSON.parse(bytes.toString()) as { seq: number; rows: FakeContact[] };
      if (pages.has(number)) throw new Error(`page ${number} is here already`);
      pages.set(number, { holds, contacts: rows, dirty: false, used: ++uses });
    },

    step(input, emit) {
      if (input.seq !== seq + 1) throw new Error(`step ${input.seq} after step ${seq}`);
      const changed = new Set<FakeContact>();
      const feed: FakeFeedRecord[] = [];
      const replies: Reply[] = [];
      let events = 0;
      let duplicates = 0;
      seq = input.seq;
      if (input.work.kind === "timers") clock = Math.max(clock, input.work.until);
      if (input.work.kind === "entries") clock = Math.max(clock, input.now);

      if (input.work.kind === "timers") sleepUntil(input.work.until, input, changed);
      if (input.work.kind === "migrate") {
        if (migration === null || migration.nextPage !== input.work.fromPage) throw new Error("migration out of order");
        for (let number = input.work.fromPage; number < input.work.toPage; number++) {
          const home = page(number);
          if (home.holds >= input.seq) continue;
          for (const contact of home.contacts) contact.model = model;
          home.dirty = true;
        }
        const nextPage = input.work.toPage;
        migration = nextPage >= migration.pages ? null : { ...migration, nextPage };
      }
      if (input.work.kind === "entries") sleepUntil(input.now, input, changed);

      for (const entry of input.entries) {
        if (entry.kind === "control") {
          const { control } = entry;
          if (control.kind === "barrier") replies.push({ kind: "barrier", nonce: control.nonce });
          if (control.kind === "model" && control.record.version > model) {
            if (input.entries.length > 1) throw new Error("a model comes alone");
            model = control.record.version;
            const count = Math.ceil(contacts / PAGE_CONTACTS);
            migration = count === 0 ? null : { version: model, nextPage: 0, pages: count };
          }
          continue;
        }
        const reader = entry.events;
        for (let i = 0; i < reader.count; i++) {
          const index = events++;
          if (input.skip.includes(index)) continue;
          const name = reader.names[i] ?? 0;
          if (name > 0 && reader.string(name - 1) === "Poison") throw new HandlerFault(index, new Error("poisoned"));
          const message = reader.messageId(i);
          if (seenSet.has(message)) {
            duplicates++;
            continue;
          }
          changedChunks.add(Math.floor(seenList.length / SEEN_CHUNK));
          seenList.push(message);
          seenSet.add(message);
          const forgotten = firstChunk(seenList.length) * SEEN_CHUNK - 1;
          for (let at = forgotten; at > forgotten - SEEN_CHUNK; at--) seenSet.delete(seenList[at] ?? "");

          const id = reader.contactId(i);
          let slot = directory.get(id);
          if (slot === undefined) {
            slot = contacts;
            page(pageOf(slot)).contacts[slot % PAGE_CONTACTS] = { id, count: 0, last: 0, awake: false, model };
            directory.set(id, slot);
          }
          if (slot >= contacts) contacts = slot + 1;
          const home = page(pageOf(slot));
          if (home.holds >= input.seq) continue;
          const contact = contactAt(slot);
          contact.count++;
          contact.last = Math.max(contact.last, reader.timestamps[i] ?? 0);
          contact.awake = contact.last + AWAKE_MS > clock;
          flips[slot] = contact.awake ? contact.last + AWAKE_MS : 0;
          home.dirty = true;
          changed.add(contact);
          if (contact.count % FEED_EVERY === 0) feed.push({ contact: id, count: contact.count });
        }
      }
      const rows = [...changed].sort((a, b) => (a.id < b.id ? -1 : 1));
      const output: StepOutput = {
        clock,
        model,
        modelComplete: migration === null,
        contacts,
        events,
        duplicates,
        rows: emit && rows.length > 0 ? Buffer.from(JSON.stringify(rows)) : null,
        feed: emit && feed.length > 0 ? Buffer.from(JSON.stringify(feed)) : null,
        replies: emit ? replies : [],
        saturated: 0,
      };
      return output;
    },

    nextFlip() {
      return flips.reduce((next, flip) => (flip > 0 ? Math.min(next, flip) : next), Infinity);
    },
    timersUntil(now, limit) {
      const slots = due(now);
      return slots.length <= limit ? null : (flips[slots[limit - 1] ?? 0] ?? now);
    },

    dirtyPages: () => [...pages].flatMap(([number, { dirty }]) => (dirty ? [number] : [])).sort((a, b) => a - b),
    encodePage(number) {
      const home = pages.get(number);
      if (home === undefined) throw new Error(`page ${number} is not here`);
      home.dirty = false;
      const rows = home.contacts.map(({ id }, i): [string, number] => [id, flips[number * PAGE_CONTACTS + i] ?? 0]);
      return {
        page: Buffer.from(JSON.stringify({ seq, rows: home.contacts })),
        index: Buffer.from(JSON.stringify({ rows })),
      };
    },
    checkpoint() {
      const saved: Checkpoint = { seq, clock, contacts, model, migration, seen: seenList.length };
      return Buffer.from(JSON.stringify(saved));
    },
    takeSeen() {
      const write = [...changedChunks].map((chunk): [string, Buffer] => {
        const part = seenList.slice(chunk * SEEN_CHUNK, (chunk + 1) * SEEN_CHUNK);
        return [String(chunk), Buffer.from(JSON.stringify(part))];
      });
      changedChunks.clear();
      const remove: string[] = [];
      for (; removedChunks < firstChunk(seenList.length); removedChunks++) remove.push(String(removedChunks));
      return { write, remove };
    },
    evict(bytes) {
      const clean = [...pages].filter(([, { dirty }]) => !dirty).sort(([, a], [, b]) => a.used - b.used);
      for (const [number] of clean) {
        if (this.residentBytes <= bytes) return;
        pages.delete(number);
      }
    },
  };
}
