/**
 * What collection does with a request, whichever way it came in (`server.ts`, `front.ts`): who may send, what a body
 * says, what becomes of it.
 */
import type { Clock, ClockMode } from "../kernel/clock.ts";
import type { ErrorCode, SluiceError } from "../kernel/errors.ts";
import type { CallKind, Event, JsonObject } from "../kernel/event.ts";
import { tooLarge } from "./body.ts";
import { readBatch, readCall, type Reception } from "./calls.ts";
import type { Gate, Knocking, Sender } from "./gate.ts";
import type { Collector, Waiter } from "./group-commit.ts";
import { parseObject } from "./json.ts";
import type { IngestLimits } from "./limits.ts";
import type { IngestMetrics } from "./metrics.ts";
import type { Packer } from "./packer.ts";
import { refusalOf, type Refusal } from "./refusals.ts";

/** What a path takes: calls of one kind, or batches. */
export type Takes = CallKind | "batch";

export interface IntakeDeps {
  readonly gate: Gate;
  readonly collector: Collector;
  /** The one that the collector takes from. */
  readonly packer: Packer;
  readonly metrics: IngestMetrics;
  readonly clock: Clock;
  readonly clockMode: ClockMode;
  readonly limits: IngestLimits;
}

export interface BodyBounds {
  readonly sent: number;
  readonly plain: number;
}

/** A body that was understood. */
export interface Reading {
  /** As objects; null where the packer has them, until the next `scan`. */
  readonly events: readonly Event[] | null;
  readonly count: number;
  readonly refusals: readonly Refusal[];
  /** Codes of the events that were refused. */
  readonly refused: readonly ErrorCode[];
  /** JSON text of the answer once all of it is in Redis. */
  readonly answer: string;
}

export interface Intake {
  /**
   * Before the body is read: the sender where a header has a good key, else null. Throws `forbidden` where no key can
   * help.
   */
  admit(caller: Knocking): Sender | null;
  /** Throws `unavailable` and `backlogged` while nothing can be taken. */
  check(): void;
  /** Bytes that a body may have: as it was sent, and unzipped. */
  bounds(takes: Takes): BodyBounds;
  /** Counts a body as it was sent. Throws `too_large`. */
  weigh(takes: Takes, sentBytes: number): void;
  /**
   * `open` and `read` in one for a body whose sender is known, where it is ordinary; null where it isn't, or not good.
   */
  scan(takes: Takes, plain: Buffer): Reading | null;
  /** Parses a plain body and finds who sent it. Throws `invalid_json` and `unauthorized`. */
  open(plain: Buffer, sender: Sender | null): { readonly body: JsonObject; readonly sender: Sender };
  /** Reads a batch, or a call that is good; has no effect. Throws what is wrong with either. */
  read(takes: Takes, body: JsonObject, sender: Sender): Reading;
  /** Hands a reading to Redis; counts it, then tells the waiter. Throws `unavailable` and `backlogged`. */
  commit(reading: Reading, waiter: Waiter): void;
  /** Keeps a single call that `read` refused. Resolves when it is in Redis. */
  keepRefused(body: JsonObject, error: SluiceError): Promise<void>;
}

export const SUCCESS = '{"success":true}';

const NOTHING: readonly never[] = [];

export function createIntake(deps: IntakeDeps): Intake {
  const { gate, collector, packer, metrics, clock, clockMode, limits } = deps;
  const callBounds: BodyBounds = { sent: limits.event_bytes_max, plain: limits.event_bytes_max };
  const batchBounds: BodyBounds = { sent: limits.batch_bytes_max, plain: limits.body_unzipped_bytes_max };
  const bounds = (takes: Takes): BodyBounds => (takes === "batch" ? batchBounds : callBounds);

  function takenCall(events: readonly Event[] | null): Reading {
    return { events, count: 1, refusals: NOTHING, refused: NOTHING, answer: SUCCESS };
  }

  function takenBatch(events: readonly Event[] | null, count: number): Reading {
    const answer = `{"success":true,"accepted":${count},"rejected":[]}`;
    return { events, count, refusals: NOTHING, refused: NOTHING, answer };
  }

  function readWholeBatch(body: JsonObject, reception: Reception): Reading {
    const { events, refused } = readBatch(body, reception);
    if (refused.length === 0) return takenBatch(events, events.length);
    const rejected = refused.map(({ index, code, message }) => ({ index, code, message }));
    return {
      events,
      count: events.length,
      refusals: refused.map(({ call, code, message }) => refusalOf(call, reception.receivedAt, code, message)),
      refused: refused.map(({ code }) => code),
      answer: JSON.stringify({ success: true, accepted: events.length, rejected }),
    };
  }

  return {
    admit: (caller) => gate.admitHeaders(caller),
    check: () => collector.check(),
    bounds,
    weigh(takes, sentBytes) {
      metrics.body(sentBytes);
      const { sent } = bounds(takes);
      if (sentBytes > sent) throw tooLarge(sent, "");
    },
    scan(takes, plain) {
      const count = packer.scan(plain, takes, clock.now());
      if (count < 0) return null;
      return takes === "batch" ? takenBatch(null, count) : takenCall(null);
    },
    open(plain, sender) {
      const body = parseObject(plain);
      return { body, sender: sender ?? gate.admitKey(body["writeKey"]) };
    },
    read(takes, body, sender) {
      const reception: Reception = { receivedAt: clock.now(), clockMode, limits, sender };
      if (takes === "batch") return readWholeBatch(body, reception);
      return takenCall([readCall(body, takes, reception)]);
    },
    // What waits for Redis' answer must not hold the events themselves.
    commit({ events, count, refusals, refused }, waiter) {
      const counting: Waiter = {
        settle(error) {
          if (error === null) {
            metrics.accepted(count);
            for (const code of refused) metrics.rejected(code, 1);
          }
          waiter.settle(error);
        },
      };
      if (events === null) collector.collectScanned(counting);
      else collector.collect(events, refusals, counting);
    },
    async keepRefused(body, error) {
      const refusal = refusalOf(body, clock.now(), error.code, error.message);
      await new Promise<void>((resolve, reject) => {
        const settle = (failure: SluiceError | null): void => (failure === null ? resolve() : reject(failure));
        collector.collect(NOTHING, [refusal], { settle });
      });
      metrics.rejected(error.code, 1);
    },
  };
}
