/**
 * Entries of a stream that were read and not yet run. They wait as bytes, copied into blocks that are used again and
 * again, and are decoded when their step begins: what waits in memory for long is expensive to collect, and a thread
 * that works off a backlog would spend half of its time on that.
 */
import { eventCountOf } from "../kernel/entry.ts";
import { decodeValue, fieldOf, idOf, type FieldName, type RawEntry } from "./entries.ts";
import type { StreamEntry } from "./state-machine.ts";

export interface QueuedEntry {
  readonly id: string;
  /** Of events: how many. Of an entry that can't be read: whatever it says. */
  readonly events: number;
  /** A model is a step of its own. */
  readonly isModel: boolean;
  /** The entry itself, valid until the queue drops it. Throws where this release can't read it. */
  open(): StreamEntry;
}

export interface EntryQueue {
  readonly entries: readonly QueuedEntry[];
  /** Bytes of the values that wait. */
  readonly bytes: number;
  push(raw: RawEntry): void;
  /** Forgets the first ones: nothing of them may be asked for any more. */
  drop(count: number): void;
}

/** Blocks of the same size to copy bytes into. One for all partitions of a thread, which work in turns. */
export interface BlockPool {
  take(): Buffer;
  give(block: Buffer): void;
}

const BLOCK_BYTES = 256 * 1024;
/** Values up to here share blocks. */
const SHARED_BYTES = 64 * 1024;
/** Free blocks beyond this go. */
const POOL_BYTES = 64 * 1024 * 1024;

export function createBlockPool(): BlockPool {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES),
    give(block) {
      if (free.length < POOL_BYTES / BLOCK_BYTES) free.push(block);
    },
  };
}

interface Block {
  readonly buffer: Buffer;
  used: number;
  /** Entries that lie in it. */
  waiting: number;
}

/** Holds nothing of what was read but copies: a single byte would keep all that came in with it. */
class Waiting implements QueuedEntry {
  readonly id: string;
  readonly events: number;
  readonly isModel: boolean;
  readonly block: Block | null;
  readonly value: Buffer;
  readonly #name: FieldName;
  #opened: StreamEntry | null = null;

  constructor(id: string, name: FieldName, value: Buffer, block: Block | null) {
    this.id = id;
    this.value = value;
    this.block = block;
    this.#name = name;
    this.events = name === "e" ? eventCountOf(value) : 0;
    this.isModel = name === "c" && isModel(this);
  }

  open(): StreamEntry {
    this.#opened ??= decodeValue(this.id, this.#name, this.value);
    return this.#opened;
  }
}

/** One that can't be told from others. */
class Unknown implements QueuedEntry {
  readonly id: string;
  readonly events = 0;
  readonly isModel = false;
  readonly block = null;
  readonly value = NOTHING;
  readonly #reason: unknown;

  constructor(id: string, reason: unknown) {
    this.id = id;
    this.#reason = reason;
  }

  open(): StreamEntry {
    throw this.#reason;
  }
}

const NOTHING = Buffer.alloc(0);

export function createEntryQueue(pool: BlockPool): EntryQueue {
  const entries: (Waiting | Unknown)[] = [];
  let bytes = 0;
  let current: Block | null = null;

  const keep = (raw: RawEntry): Waiting | Unknown => {
    const id = idOf(raw);
    let field: ReturnType<typeof fieldOf>;
    try {
      field = fieldOf(raw);
    } catch (error) {
      return new Unknown(id, error);
    }
    const [name, value] = field;
    // One that takes much of a block has memory of its own.
    if (value.length > SHARED_BYTES) return new Waiting(id, name, Buffer.from(value), null);
    if (current === null || current.used + value.length > current.buffer.length) {
      current = { buffer: pool.take(), used: 0, waiting: 0 };
    }
    const begin = current.used;
    current.used += value.copy(current.buffer, begin);
    current.waiting++;
    return new Waiting(id, name, current.buffer.subarray(begin, current.used), current);
  };

  const release = (block: Block): void => {
    if (--block.waiting > 0) return;
    if (block === current) current = null;
    pool.give(block.buffer);
  };

  return {
    entries,
    get bytes() {
      return bytes;
    },
    push(raw) {
      const entry = keep(raw);
      entries.push(entry);
      bytes += entry.value.length;
    },
    drop(count) {
      for (const { block, value } of entries.splice(0, count)) {
        bytes -= value.length;
        if (block !== null) release(block);
      }
    },
  };
}

function isModel(entry: QueuedEntry): boolean {
  try {
    const opened = entry.open();
    return opened.kind === "control" && opened.control.kind === "model";
  } catch {
    // Whoever opens it in its turn is told.
    return false;
  }
}
