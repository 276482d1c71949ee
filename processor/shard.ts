/** The state machine of one partition: see processor/state-machine.ts for what it promises. */
import { ByteWriter } from "../kernel/bytes.ts";
import type { Control } from "../kernel/control.ts";
import type { Reply } from "../kernel/delta.ts";
import type { EntryReader } from "../kernel/entry.ts";
import { writeFeedRecord } from "../kernel/feed.ts";
import { hash, hash64 } from "../kernel/ids.ts";
import { LIMITS } from "../kernel/limits.ts";
import { EMPTY_MODEL, type ModelRecord } from "../kernel/model-record.ts";
import { applyEvent } from "../dsl/contact/apply.ts";
import { cardOf } from "../dsl/contact/card.ts";
import { Contact, DamagedRest } from "../dsl/contact/contact.ts";
import { runFlip, runFlips, type MembershipSink } from "../dsl/contact/evaluate.ts";
import { CHANGED_TAGS } from "../dsl/contact/head.ts";
import { migrateContact } from "../dsl/contact/migrate.ts";
import { firstSlotOf, pageOf } from "../dsl/contact/slots.ts";
import { settleTags } from "../dsl/contact/tags.ts";
import { matchAhead, openView, type DispatchView } from "../dsl/plan/dispatch.ts";
import { planOf, type BoundPlan } from "../dsl/registry.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { createLookAhead, type LookAhead } from "./look-ahead.ts";
import { pagesToBring } from "./missing-pages.ts";
import { writeContactDelta } from "./delta-row.ts";
import { loadPageIndex, writePageIndex } from "./page-index.ts";
import { Pages } from "./pages.ts";
import { createSeen, type Seen } from "./seen.ts";
import { decodeShardCheckpoint, encodeShardCheckpoint, type Migration } from "./shard-checkpoint.ts";
import {
  HandlerFault,
  type Shard,
  type ShardOptions,
  type ShardStart,
  type StepInput,
  type StepOutput,
} from "./state-machine.ts";
import { createTimers, type Timers } from "./timers.ts";

/** A rough memory cost of one more event in the objects of a contact, until its page is encoded and measured. */
const EVENT_BYTES = 64;

export function createShard(options: ShardOptions, start?: ShardStart): Shard {
  return new PartitionShard(options, start);
}

class PartitionShard implements Shard, MembershipSink {
  seq = 0;
  clock = 0;
  contacts = 0;
  readonly #options: ShardOptions;
  readonly #directory: Directory;
  readonly #timers: Timers;
  readonly #pages = new Pages();
  /** The contact that is worked on. */
  readonly #contact = new Contact(this.#pages.memory);
  /** Pages that there are, in memory or not. */
  #pagesKnown = 0;
  readonly #seen: Seen;
  #record: ModelRecord = EMPTY_MODEL;
  #plan: BoundPlan;
  #migration: Migration | null = null;
  /** The plan that pages not migrated yet are decoded under; null without a migration. */
  #oldPlan: BoundPlan | null = null;

  /** Of the step that runs. */
  #emit = true;
  #events = 0;
  #duplicates = 0;
  #saturated = 0;
  /** Slots of contacts that changed, each once. */
  #changed: number[] = [];
  #replies: Reply[] = [];
  readonly #ahead: LookAhead;
  readonly #rows = new ByteWriter(64 * 1024);
  readonly #feed = new ByteWriter(16 * 1024);

  constructor(options: ShardOptions, start: ShardStart | undefined) {
    this.#options = options;
    const saved = start === undefined ? null : decodeShardCheckpoint(start.checkpoint);
    this.#seen = createSeen(options.limits, saved?.seen, start?.seen);
    this.#directory = createDirectory(saved?.contacts);
    this.#timers = createTimers(saved?.contacts);
    this.#ahead = createLookAhead(this.#seen, this.#directory, this.#pages);
    if (saved === null || start === undefined) {
      this.#plan = planOf(this.#record, options.limits);
      this.#pages.setPlan(this.#plan);
      return;
    }
    this.seq = saved.seq;
    this.clock = saved.clock;
    this.contacts = saved.contacts;
    this.#record = saved.model;
    this.#migration = saved.migration;
    this.#plan = planOf(saved.model, options.limits);
    this.#pages.setPlan(this.#plan);
    this.#oldPlan = saved.migration === null ? null : planOf(saved.migration.from, options.limits);
    this.#pagesKnown = start.index.size;
    for (const [page, bytes] of start.index) loadPageIndex(page, bytes, this.#directory, this.#timers);
  }

  get model(): number {
    return this.#record.version;
  }

  get migration(): Shard["migration"] {
    if (this.#migration === null) return null;
    return { version: this.#record.version, nextPage: this.#migration.nextPage, pages: this.#migration.pages };
  }

  get residentBytes(): number {
    return this.#pages.bytes;
  }

  nextFlip(): number {
    return this.#timers.next();
  }

  timersUntil(now: number, limit: number): number | null {
    return this.#timers.instantOf(limit, now);
  }

  missingPages(input: StepInput): number[] {
    if (this.#pages.count === this.#pagesKnown) return [];
    return pagesToBring(input, {
      pages: this.#pages,
      directory: this.#directory,
      timers: this.#timers,
      clockMode: this.#options.clockMode,
      clock: this.#instantOf(input.now),
      contacts: this.contacts,
    });
  }

  loadPage(page: number, bytes: Buffer): void {
    this.#pages.load(page, bytes, this.seq);
  }

  step(input: StepInput, emit: boolean): StepOutput {
    if (input.seq !== this.seq + 1) throw new Error(`step ${input.seq} does not follow step ${this.seq}`);
    if (this.#migration !== null && input.work.kind !== "migrate") {
      throw new Error("a migration has to be finished before any other step");
    }
    this.seq = input.seq;
    // A step of any partition that shares the plan may have ended in the middle.
    this.#plan.dirty.clear();
    this.#emit = emit;
    this.#events = 0;
    this.#duplicates = 0;
    this.#saturated = 0;
    this.#replies = [];
    this.#feed.reset();
    switch (input.work.kind) {
      case "timers":
        this.#advance(input.work.until);
        break;
      case "migrate":
        this.#migrate(input.work.fromPage, input.work.toPage);
        break;
      case "entries":
        this.#takeEntries(input);
        break;
    }
    return {
      clock: this.clock,
      model: this.model,
      modelComplete: this.#migration === null,
      contacts: this.contacts,
      events: this.#events,
      duplicates: this.#duplicates,
      rows: this.#takeRows(),
      feed: emit && this.#feed.length > 0 ? this.#feed.view() : null,
      replies: emit ? this.#replies : [],
      saturated: this.#saturated,
    };
  }

  dirtyPages(): number[] {
    return this.#pages.dirty();
  }

  encodePage(number: number, out: ByteWriter): { page: Buffer; index: Buffer } {
    const { seq } = this;
    const count = this.#pages.contactsOn(number);
    const index = writePageIndex(out, { page: number, count, seq }, this.#directory, this.#timers);
    return { page: this.#pages.encode(number, seq, this.#planOfPage(number), out), index };
  }

  checkpoint(): Buffer {
    return encodeShardCheckpoint({
      seq: this.seq,
      clock: this.clock,
      contacts: this.contacts,
      model: this.#record,
      migration: this.#migration,
      seen: this.#seen.state,
    });
  }

  takeSeen(): ReturnType<Shard["takeSeen"]> {
    return this.#seen.take();
  }

  evict(bytes: number): void {
    this.#pages.evict(bytes, (page) => this.#planOfPage(page));
  }

  moved(contact: Contact, segmentId: number, entered: boolean, at: number, cause: "event" | "time" | "backfill"): void {
    if (!this.#emit) return;
    const { idChunk, idFrom, idLength } = contact;
    writeFeedRecord(this.#feed, segmentId, idChunk, idFrom, idFrom + idLength, entered, at, cause);
  }

  /** The partition's clock once the machine's says `now`. */
  #instantOf(now: number): number {
    return this.#options.clockMode === "wall" ? Math.max(this.clock, now) : this.clock;
  }

  #planOfPage(page: number): BoundPlan {
    const migrated = this.#migration === null || page < this.#migration.nextPage;
    return migrated || this.#oldPlan === null ? this.#plan : this.#oldPlan;
  }

  /** Moves the clock, living through all flips on the way in the order of their instants. */
  #advance(until: number): void {
    while (this.#timers.next() <= until) {
      const slot = this.#timers.nextSlot();
      const contact = this.#contact;
      this.#pages.use(pageOf(slot), this.seq);
      this.#pages.moveTo(slot, contact, this.#plan);
      const before = this.#before(contact);
      runFlip(this.#plan, contact, this);
      this.#after(contact, before);
      this.#timers.set(slot, contact.nextFlip);
    }
    this.clock = Math.max(this.clock, until);
  }

  #takeEntries(input: StepInput): void {
    this.#advance(this.#instantOf(input.now));
    const skip = input.skip.length === 0 ? null : new Set(input.skip);
    for (const entry of input.entries) {
      if (entry.kind === "control") this.#takeControl(entry.control);
      else this.#takeEvents(entry.events, skip);
    }
  }

  #takeEvents(entry: EntryReader, skip: ReadonlySet<number> | null): void {
    this.#seen.advance(entry.receivedAt);
    const view = openView(entry, this.#plan.keys);
    const eventClock = this.#options.clockMode === "event";
    const { count, seenLo, seenHi, timestamps } = entry;
    matchAhead(this.#plan.selectorsFor, view);
    this.#ahead.look(entry, this.#plan);
    for (let i = 0; i < count; i++) {
      const index = this.#events++;
      if (!this.#seen.add(seenLo[i] as number, seenHi[i] as number)) {
        this.#duplicates++;
        continue;
      }
      if (skip !== null && skip.has(index)) continue;
      const at = timestamps[i] as number;
      if (eventClock && at > this.clock) this.#advance(at);
      this.#takeEvent(view, i, at, index);
    }
  }

  /** `index` counts over all event entries of the step, for a HandlerFault. */
  #takeEvent(view: DispatchView, event: number, at: number, index: number): void {
    const { entry } = view;
    const known = this.#findEvent(entry, event);
    const slot = known < 0 ? this.contacts : known;
    // Recovery: a contact that came after the checkpoint is known from its page's index before its event is run again.
    if (slot >= this.contacts) this.contacts = slot + 1;
    const page = pageOf(slot);
    if (known < 0) this.#openForNew(page);
    this.#pages.use(page, this.seq);
    // Recovery: the page already holds what this step did to it.
    if (!this.#emit && this.#pages.seqOf(page) >= this.seq) return;
    const contact = this.#contact;
    if (known < 0) {
      this.#pages.begin(slot, contact, entry.contactIdBytes(event), at, this.#plan.startStage);
      this.#directory.set(slot, entry.idLo[event] as number, entry.idHi[event] as number);
    } else if (!this.#pages.isDecoded(slot)) {
      this.#pages.moveTo(slot, contact, this.#plan);
    } else {
      // It was moved to when it was found.
      contact.isUsed = true;
    }
    const before = this.#before(contact);
    const flip = contact.nextFlip;
    try {
      runFlips(this.#plan, contact, this.clock, this);
      applyEvent(this.#plan, contact, view, event, this.clock, known < 0, this.#options.limits, this);
    } catch (error) {
      // Damage to what is stored stops the partition, or the event would be set aside for it.
      throw error instanceof DamagedRest ? error : new HandlerFault(index, error);
    }
    this.#after(contact, before);
    if (contact.nextFlip !== flip) this.#timers.set(slot, contact.nextFlip);
    this.#pages.grew(contact, EVENT_BYTES);
  }

  /** Two bits that `#after` compares: whether the contact is listed as changed, and whether it is saturated. */
  #before(contact: Contact): number {
    return (contact.change === 0 ? 0 : 1) | (contact.saturated ? 2 : 0);
  }

  #after(contact: Contact, before: number): void {
    this.#pages.markDirty(pageOf(contact.slot));
    if (contact.change !== 0 && (before & 1) === 0) this.#changed.push(contact.slot);
    if (contact.saturated && (before & 2) === 0) this.#saturated++;
  }

  #takeControl(control: Control): void {
    switch (control.kind) {
      case "barrier":
        this.#replies.push({ kind: "barrier", nonce: control.nonce });
        return;
      case "clock":
        if (this.#options.clockMode === "event") this.#advance(control.now);
        this.#replies.push({ kind: "clock", nonce: control.nonce });
        return;
      case "card":
        this.#replies.push({ kind: "card", nonce: control.nonce, card: this.#card(control.contactId) });
        return;
      case "model":
        this.#switchModel(control.record);
        return;
    }
  }

  #card(contactId: string): ReturnType<typeof cardOf> | null {
    if (!this.#emit) return null;
    hash64(contactId);
    const slot = this.#findSlot(Buffer.from(contactId), hash.lo, hash.hi);
    if (slot < 0) return null;
    this.#pages.moveTo(slot, this.#contact, this.#plan);
    return cardOf(this.#plan, this.#contact, this.clock);
  }

  #switchModel(record: ModelRecord): void {
    if (record.version <= this.#record.version) return;
    const pages = Math.ceil(this.contacts / LIMITS.page_contacts);
    this.#migration = pages === 0 ? null : { from: this.#record, at: this.clock, nextPage: 0, pages };
    this.#oldPlan = pages === 0 ? null : this.#plan;
    this.#record = record;
    this.#plan = planOf(record, this.#options.limits);
    this.#pages.setPlan(this.#plan);
  }

  #migrate(fromPage: number, toPage: number): void {
    const migration = this.#migration;
    const old = this.#oldPlan;
    if (migration === null || old === null || fromPage !== migration.nextPage) {
      throw new Error("there is no such migration to go on with");
    }
    const end = Math.min(toPage, migration.pages);
    for (let number = fromPage; number < end; number++) {
      this.#pages.use(number, this.seq);
      if (!this.#emit && this.#pages.seqOf(number) >= this.seq) continue;
      const first = firstSlotOf(number);
      const count = this.#pages.contactsOn(number);
      for (let slot = first; slot < first + count; slot++) this.#migrateContact(slot, old, migration.at);
    }
    migration.nextPage = end;
    if (end < migration.pages) return;
    this.#migration = null;
    this.#oldPlan = null;
  }

  #migrateContact(slot: number, old: BoundPlan, at: number): void {
    const contact = this.#contact;
    this.#pages.readAgain(slot, contact, old, this.#plan);
    const before = this.#before(contact);
    migrateContact(this.#plan, contact, at, this);
    this.#after(contact, before);
    this.#timers.set(slot, contact.nextFlip);
  }

  /** The slot of a contact; -1 when there is none. Its candidates' pages must be resident. */
  #findSlot(id: Buffer, lo: number, hi: number): number {
    for (let slot = this.#directory.find(lo, hi); slot >= 0; slot = this.#directory.findAfter(slot)) {
      this.#pages.use(pageOf(slot), this.seq);
      if (this.#pages.idOf(slot).equals(id)) return slot;
    }
    return -1;
  }

  /** The slot of an event's contact, -1 when there is none, from what was found ahead. Moves to it if it is decoded. */
  #findEvent(entry: EntryReader, event: number): number {
    let slot = this.#ahead.slots[event] as number;
    // An earlier event of the entry may have made it.
    if (slot < 0) slot = this.#directory.find(entry.idLo[event] as number, entry.idHi[event] as number);
    for (; slot >= 0; slot = this.#directory.findAfter(slot)) {
      if (this.#isContact(slot, entry, event)) return slot;
    }
    return -1;
  }

  #isContact(slot: number, entry: EntryReader, event: number): boolean {
    this.#pages.use(pageOf(slot), this.seq);
    if (!this.#pages.isDecoded(slot)) {
      const { bytes, from, to } = this.#pages.storedId(slot);
      return entry.isContact(event, bytes, from, to);
    }
    const { idChunk, idFrom, idLength } = this.#contact.moveTo(slot);
    return entry.isContact(event, idChunk, idFrom, idFrom + idLength);
  }

  /** Begins a page where a new contact is the first of it. */
  #openForNew(page: number): void {
    if (this.#pages.has(page)) return;
    this.#pagesKnown++;
    this.#pages.create(page, this.seq);
  }

  #takeRows(): Buffer | null {
    const contact = this.#contact;
    this.#rows.reset();
    for (const slot of this.#changed) {
      contact.moveTo(slot);
      if (this.#emit) writeContactDelta(this.#rows, contact);
      if ((contact.change & CHANGED_TAGS) !== 0) settleTags(contact);
      contact.forgetChange();
    }
    this.#changed.length = 0;
    this.#pages.memory.forgetMoves();
    return this.#rows.length === 0 ? null : this.#rows.view();
  }
}
