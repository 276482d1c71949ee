/**
 * One partition in the hands of its owner: keeps it alive through reloads until it is released or lost. What happens
 * between two reloads is a session (processor/session.ts).
 */
import { partitionKeys } from "../kernel/keys.ts";
import { isRedisTrouble } from "../kernel/redis.ts";
import { createAlarm } from "./alarm.ts";
import { CommitDoubt, OwnershipLost, type Token } from "./commit.ts";
import { writeHalt } from "./heartbeat.ts";
import type { PartitionContext, PartitionDeps, PartitionStatus } from "./partition-context.ts";
import { createPoison, EventSetAside } from "./poison.ts";
import { runSession } from "./session.ts";
import type { PartitionGauges } from "./telemetry.ts";

/** How a partition came out of these hands. */
export type PartitionEnd = "released" | "lost";

export interface Partition {
  readonly number: number;
  readonly ended: Promise<PartitionEnd>;
  /** It is recovered and working, for the first time. Never resolves if it is lost before. */
  readonly live: Promise<void>;
  /**
   * Finishes what was read, commits, writes a last checkpoint if that is cheap, and ends. With `drainMs` it also reads
   * and finishes what is in the stream by now, as far as it comes in that time.
   */
  release(drainMs?: number): void;
  /** Ends at once and forgets everything; only what is committed counts. */
  drop(): void;
  gauges(): PartitionGauges;
}

const TROUBLE_PAUSE_MS = 50;
const TROUBLE_PAUSE_MS_MAX = 2_000;
const HALT_PAUSE_MS = 1_000;
const HALT_PAUSE_MS_MAX = 30_000;

/** Takes a partition in hand, whose token must carry `nonce`. */
export function ownPartition(partition: number, nonce: string, deps: PartitionDeps): Partition {
  const status: PartitionStatus = {
    releasing: false,
    drainUntil: null,
    dropped: false,
    halted: null,
    token: null,
    unsettled: null,
    backlog: 0,
    residentBytes: 0,
    contacts: 0,
  };
  const alarm = createAlarm();
  const log = deps.log.child({ partition });
  let failures = 0;
  let announce: () => void = () => {};
  const live = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const context: PartitionContext = {
    ...deps,
    log,
    partition,
    keys: partitionKeys(partition),
    nonce,
    alarm,
    poison: createPoison(),
    status,
    onLive() {
      announce();
    },
  };

  const keep = async (): Promise<PartitionEnd> => {
    for (;;) {
      try {
        await runSession(context, () => {
          if (status.halted !== null) log.info("the partition works again");
          status.halted = null;
          failures = 0;
        });
        return "released";
      } catch (error) {
        if (status.dropped) return "lost";
        if (error instanceof OwnershipLost) {
          deps.telemetry.count("fenced");
          log.warn({ reason: error.message }, "the partition went to another owner");
          return "lost";
        }
        // What is committed is safe, and the next owner finds out what is.
        if (status.releasing) return "released";
        if (error instanceof EventSetAside) {
          log.error({ reason: error.message }, "an event made a handler fail and is set aside");
          continue;
        }
        failures++;
        await alarm.sleep(afterFailure(error));
      }
    }
  };

  /** Says what is wrong, and gives the pause before the next try. */
  const afterFailure = (error: unknown): number => {
    const growth = 2 ** Math.min(failures - 1, 16);
    if (error instanceof CommitDoubt || isRedisTrouble(error)) {
      if (error instanceof CommitDoubt) deps.telemetry.count("doubts");
      const level = failures === 1 ? "warn" : "debug";
      log[level](
        { reason: error.message, failures },
        "the partition is loaded again, since Redis did not answer as expected",
      );
      return Math.min(TROUBLE_PAUSE_MS * growth, TROUBLE_PAUSE_MS_MAX);
    }
    const reason = error instanceof Error ? error.message : String(error);
    status.halted = reason;
    log.error({ err: error, reason, failures }, "the partition stands still");
    if (status.token !== null) {
      void tellHalt(status.token, reason);
    }
    return Math.min(HALT_PAUSE_MS * growth, HALT_PAUSE_MS_MAX);
  };

  /** Only a courtesy to whoever asks for the status. */
  const tellHalt = async (token: Token, reason: string): Promise<void> => {
    try {
      await writeHalt(deps.redis, context.keys, token, deps.clock.now(), status.backlog, reason);
    } catch (error) {
      log.debug({ err: error }, "the status can't be told that the partition stands still");
    }
  };

  return {
    number: partition,
    ended: keep(),
    live,
    release(drainMs = 0) {
      if (drainMs > 0) status.drainUntil = deps.ticks() + drainMs;
      status.releasing = true;
      alarm.ring();
    },
    drop() {
      status.dropped = true;
      alarm.ring();
    },
    gauges: () => ({
      partition,
      backlog: status.backlog,
      residentBytes: status.residentBytes,
      contacts: status.contacts,
      halted: status.halted !== null,
    }),
  };
}
