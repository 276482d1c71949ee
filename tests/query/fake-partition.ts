/**
 * A partition's owner as the views see one: commits steps, pages, checkpoints and heartbeats to a real Redis in the
 * form that kernel fixes, and answers controls. What it commits is up to the test.
 */
import type { RedisClient } from "../../kernel/redis.ts";
import { ByteWriter } from "../../kernel/bytes.ts";
import { decodeControl, type Control } from "../../kernel/control.ts";
import {
  encodeReplies,
  encodeStep,
  writeDeltaRow,
  type Card,
  type DeltaRowSource,
  type Reply,
  type Step,
} from "../../kernel/delta.ts";
import { isAnonymous } from "../../kernel/ids.ts";
import { partitionKeys, type PartitionKeys } from "../../kernel/keys.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { writePageHeader, writeRowHead } from "../../kernel/page.ts";
import { CHECKPOINT_FORMAT, encodeCheckpoint, encodeHeartbeat } from "../../kernel/partition-state.ts";
import { goneList, NO_TAGS, tagList } from "./tag-list.ts";

export interface FakeContact {
  id: string;
  score: number;
  stage: number;
  segments: Set<number>;
  tags: Map<string, number>;
}

export interface CommitOptions {
  readonly replies?: readonly Reply[];
  readonly clock?: number;
  readonly model?: number;
  readonly modelComplete?: boolean;
  readonly to?: string;
  readonly epoch?: number;
  /** Steps over this number, as if a delta had been lost. */
  readonly skipSeq?: boolean;
}

export class FakePartition {
  readonly redis: RedisClient;
  readonly keys: PartitionKeys;
  readonly contacts: FakeContact[] = [];
  seq = 0;
  epoch = 1;
  offset = "0-0";
  consumed = 0;
  clock = 0;
  model = 0;
  modelComplete = true;
  #prevEpoch = 0;
  #lastCheckpoint = "0-0";

  constructor(redis: RedisClient, partition: number) {
    this.redis = redis;
    this.keys = partitionKeys(partition);
  }

  /** A row for a new contact, which it keeps. */
  add(contact: Partial<FakeContact> & { readonly id: string }): DeltaRowSource {
    const full: FakeContact = {
      id: contact.id,
      score: contact.score ?? 0,
      stage: contact.stage ?? -1,
      segments: contact.segments ?? new Set(),
      tags: contact.tags ?? new Map(),
    };
    this.contacts.push(full);
    return this.wholeRow(this.contacts.length - 1);
  }

  wholeRow(slot: number): DeltaRowSource {
    const contact = this.contacts[slot];
    if (contact === undefined) throw new Error(`no contact ${slot}`);
    return {
      slot,
      id: contact.id,
      score: contact.score,
      stage: contact.stage,
      entered: [...contact.segments].sort((a, b) => a - b),
      left: [],
      tags: tagList(contact.tags),
      untagged: NO_TAGS,
    };
  }

  /** Changes a contact and gives the row that says so. */
  change(
    slot: number,
    change: {
      score?: number;
      stage?: number;
      enter?: number[];
      leave?: number[];
      tags?: [string, number][];
      untag?: string[];
    },
  ): DeltaRowSource {
    const contact = this.contacts[slot];
    if (contact === undefined) throw new Error(`no contact ${slot}`);
    if (change.score !== undefined) contact.score = change.score;
    if (change.stage !== undefined) contact.stage = change.stage;
    for (const id of change.enter ?? []) contact.segments.add(id);
    for (const id of change.leave ?? []) contact.segments.delete(id);
    for (const [name, points] of change.tags ?? []) contact.tags.set(name, points);
    for (const name of change.untag ?? []) contact.tags.delete(name);
    return {
      slot,
      id: null,
      score: change.score ?? null,
      stage: change.stage ?? null,
      entered: change.enter ?? [],
      left: change.leave ?? [],
      tags: tagList(change.tags ?? []),
      untagged: goneList(change.untag ?? []),
    };
  }

  async commit(rows: readonly DeltaRowSource[], options: CommitOptions = {}): Promise<void> {
    this.seq += options.skipSeq === true ? 2 : 1;
    this.epoch = options.epoch ?? this.epoch;
    this.clock = Math.max(this.clock, options.clock ?? this.clock);
    this.model = options.model ?? this.model;
    this.modelComplete = options.modelComplete ?? this.modelComplete;
    const after = this.offset;
    this.offset = options.to ?? this.offset;
    const step: Step = {
      seq: this.seq,
      epoch: this.epoch,
      prevEpoch: this.#prevEpoch,
      after,
      to: this.offset,
      work: { kind: "entries" },
      now: this.clock,
      clock: this.clock,
      model: this.model,
      modelComplete: this.modelComplete,
      skip: [],
      contacts: this.contacts.length,
      events: rows.length,
      duplicates: 0,
    };
    this.#prevEpoch = this.epoch;
    const fields: (string | Buffer)[] = ["s", encodeStep(step)];
    if (rows.length > 0) {
      const out = new ByteWriter();
      for (const row of rows) writeDeltaRow(out, row);
      fields.push("r", out.finish());
    }
    if (options.replies !== undefined && options.replies.length > 0) fields.push("a", encodeReplies(options.replies));
    await this.redis
      .multi()
      .xadd(this.keys.deltas, `${this.epoch}-${this.seq}`, ...fields)
      .hset(this.keys.state, this.#stateFields())
      .exec();
  }

  #stateFields(): Record<string, string | number> {
    const { seq, epoch, offset, consumed, clock, model } = this;
    return { seq, epoch, offset, consumed, now: clock, clock, model, contacts: this.contacts.length };
  }

  pageCount(): number {
    return Math.ceil(this.contacts.length / LIMITS.page_contacts);
  }

  /** Writes a page as of the present step. */
  async writePage(page: number, model = this.model): Promise<void> {
    const contacts = this.contacts.slice(page * LIMITS.page_contacts, (page + 1) * LIMITS.page_contacts);
    const out = new ByteWriter();
    writePageHeader(out, { seq: this.seq, model, count: contacts.length });
    const row = new ByteWriter();
    for (const contact of contacts) {
      const members = [...contact.segments].sort((a, b) => a - b);
      row.reset();
      writeRowHead(row, {
        id: contact.id,
        known: !isAnonymous(contact.id),
        saturated: false,
        firstSeen: 1,
        lastSeen: 2,
        score: contact.score,
        stage: contact.stage,
        members,
        since: members.map(() => 1),
        tags: [...contact.tags],
      });
      row.text("features are opaque to views");
      out.block(row.finish());
    }
    await this.redis.hset(this.keys.pages, String(page), out.finish());
  }

  /** A checkpoint as of the present step; all pages must have been written at or after their last change. */
  async checkpoint(): Promise<void> {
    const { seq, epoch, offset, consumed, clock } = this;
    const record = { format: CHECKPOINT_FORMAT, seq, epoch, offset, consumed, now: clock, shard: Buffer.alloc(0) };
    await this.redis.hset(this.keys.state, { checkpoint: encodeCheckpoint(record), ...this.#stateFields() });
    await this.redis.xtrim(this.keys.deltas, "MINID", this.#lastCheckpoint);
    this.#lastCheckpoint = `${epoch}-${seq}`;
  }

  async sweep(): Promise<void> {
    for (let page = 0; page < this.pageCount(); page++) await this.writePage(page);
    await this.checkpoint();
  }

  async heartbeat(clock: number, at = clock, backlog = 0): Promise<void> {
    const { seq, epoch } = this;
    await this.redis.set(this.keys.heartbeat, encodeHeartbeat({ seq, epoch, clock, at, backlog, halted: null }));
  }

  /** Takes what is in the stream, one step an entry, and answers it. Returns the controls taken. */
  async takeControls(cardOf: (contactId: string) => Card | null = () => null): Promise<Control[]> {
    const taken: Control[] = [];
    for (const [id, fields] of await this.redis.xrangeBuffer(this.keys.in, `(${this.offset}`, "+")) {
      const bytes = fields[1];
      if (fields[0]?.toString() !== "c" || bytes === undefined) throw new Error("the fake takes only controls");
      const control = decodeControl(bytes);
      taken.push(control);
      this.consumed++;
      await this.commit([], { to: id.toString(), ...this.#answer(control, cardOf) });
    }
    return taken;
  }

  #answer(control: Control, cardOf: (contactId: string) => Card | null): CommitOptions {
    switch (control.kind) {
      case "barrier":
        return { replies: [{ kind: "barrier", nonce: control.nonce }] };
      case "clock":
        return { replies: [{ kind: "clock", nonce: control.nonce }], clock: control.now };
      case "card":
        return { replies: [{ kind: "card", nonce: control.nonce, card: cardOf(control.contactId) }] };
      case "model":
        return { model: control.record.version, modelComplete: true };
    }
  }
}

/** Keeps answering controls until stopped, like a processor that is alive. */
export function answerControls(
  partitions: readonly FakePartition[],
  cardOf?: (contactId: string) => Card | null,
): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      for (const partition of partitions) await partition.takeControls(cardOf);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const running = loop();
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}
