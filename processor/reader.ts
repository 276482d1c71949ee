/**
 * Reads the streams of a worker's partitions ahead: on one server with one blocking XREAD over all of them; in a
 * cluster, where partitions live in different slots, make a reader for each. A partition that has enough at hand is
 * left out, and as soon as it wants more, a read that is already blocked without it is ended early.
 *
 * Between two reads a busy thread rests, unless there is more to be read than one read takes.
 */
import type { ReplyBuffers } from "../kernel/reply-buffers.ts";
import { disconnectRedis, isCluster, whenReady, type RedisClient } from "../kernel/redis.ts";
import { entryBytes, type RawEntry } from "./entries.ts";
import type { Rest } from "./rest.ts";

export interface Subscriber {
  readonly key: string;
  /** Read after this entry. */
  readonly after: string;
  /** Asked before each read. */
  hungry(): boolean;
  /** Entries in order, each once; their bytes are valid during the call only. Must not throw. */
  take(entries: readonly RawEntry[]): void;
}

export interface Subscription {
  /** `hungry` may have become true. */
  wake(): void;
  /** Nothing is delivered from here on. */
  close(): void;
}

export interface StreamReader {
  subscribe(subscriber: Subscriber): Subscription;
  /** Ends the connection for reading. */
  close(): void;
}

export interface ReaderOptions {
  /** Longest blocking read, ms. */
  readonly blockMs: number;
  /** Most entries of one stream in a read. */
  readonly entries: number;
  /** What the connection for reading reads into. */
  readonly buffers: ReplyBuffers;
  /** Of this reader alone. */
  readonly rest: Rest;
}

/** What one read should bring at most, judged by the size of the entries before. */
const READ_BYTES = 8 * 1024 * 1024;
const ERROR_PAUSE_MS = 100;
const UNBLOCK_PAUSE_MS = 1;
/** Until what was read is being worked on, and can be told from no work at all. */
const REST_FIRST_MS = 1;

interface Place {
  readonly subscriber: Subscriber;
  after: string;
}

/**
 * @param blocking a connection without command timeout that nobody else uses; closed by `close`
 * @param commands any other connection to the same server, used to end a blocked read
 */
export function createReader(blocking: RedisClient, commands: RedisClient, options: ReaderOptions): StreamReader {
  const places = new Set<Place>();
  let closed = false;
  let meanBytes = 4096;
  /** The places of the read that is under way; null while there is none. */
  let reading: ReadonlySet<Place> | null = null;
  let unblocking = false;
  let ring: (() => void) | null = null;

  const wake = (): void => {
    ring?.();
    if (reading !== null && !unblocking && leavesOutAHungryOne(reading)) void unblock();
  };

  const leavesOutAHungryOne = (read: ReadonlySet<Place>): boolean => {
    for (const place of places) if (!read.has(place) && place.subscriber.hungry()) return true;
    return false;
  };

  /** Repeats until the read is over: the request may overtake the XREAD that it is meant for. */
  const unblock = async (): Promise<void> => {
    unblocking = true;
    const meant = reading;
    try {
      while (reading === meant && !closed && clientId !== null) {
        if ((await commands.client("UNBLOCK", clientId)) === 1) break;
        await pause(UNBLOCK_PAUSE_MS);
      }
    } catch {
      // The read ends by itself after `blockMs`.
    } finally {
      unblocking = false;
    }
  };

  let clientId: number | null = null;
  const learnId = async (): Promise<void> => {
    clientId = null;
    if (isCluster(blocking)) return;
    clientId = await blocking.client("ID");
  };
  blocking.on("close", () => {
    clientId = null;
  });

  /** Whether there may be more at once. */
  const read = async (hungry: readonly Place[]): Promise<boolean> => {
    if (clientId === null) await learnId();
    const count = Math.max(1, Math.min(options.entries, Math.floor(READ_BYTES / (meanBytes * hungry.length))));
    reading = new Set(hungry);
    let reply;
    try {
      reply = await blocking.xreadBuffer(
        "COUNT",
        count,
        "BLOCK",
        options.blockMs,
        "STREAMS",
        ...hungry.map(({ subscriber }) => subscriber.key),
        ...hungry.map(({ after }) => after),
      );
    } finally {
      reading = null;
    }
    // One that waited in vain may have been ended for who was left out.
    let isMore = reply === null;
    for (const [key, entries] of (reply ?? []) as [Buffer, RawEntry[]][]) {
      isMore ||= entries.length === count;
      const name = key.toString();
      const place = hungry.find(({ subscriber }) => subscriber.key === name);
      const last = entries.at(-1);
      if (place === undefined || last === undefined || !places.has(place)) continue;
      place.after = last[0].toString("latin1");
      meanBytes += (entries.reduce((sum, entry) => sum + entryBytes(entry), 0) / entries.length - meanBytes) / 8;
      place.subscriber.take(entries);
    }
    return isMore;
  };

  const rest = async (): Promise<void> => {
    options.rest.begin();
    for (let ms = REST_FIRST_MS; ms > 0 && !closed; ms = options.rest.left()) await pause(Math.ceil(ms));
  };

  const run = async (): Promise<void> => {
    while (!closed) {
      const hungry = [...places].filter(({ subscriber }) => subscriber.hungry());
      if (hungry.length === 0) {
        await new Promise<void>((resolve) => {
          ring = resolve;
        });
        ring = null;
        continue;
      }
      let isMore = true;
      try {
        await whenReady(blocking);
        isMore = await read(hungry);
      } catch {
        // The connection logs what is wrong. Nothing is lost: the next read begins where this one did.
        if (closed) return;
        await pause(ERROR_PAUSE_MS);
      } finally {
        // All was taken, or what came of a reply is worth nothing.
        options.buffers.release();
      }
      if (!isMore) await rest();
    }
  };
  void run();

  return {
    subscribe(subscriber) {
      const place: Place = { subscriber, after: subscriber.after };
      places.add(place);
      wake();
      return {
        wake,
        close() {
          places.delete(place);
        },
      };
    },
    close() {
      closed = true;
      ring?.();
      disconnectRedis(blocking);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
