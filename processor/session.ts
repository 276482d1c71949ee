/**
 * A partition from one reload to the next: recover, then step after step, each committed, until it is released or
 * anything is in doubt. Everything in memory belongs to the session and ends with it.
 *
 * One commit is on its way at most. While it is, the next step runs; pages are encoded and evicted only in the moment
 * between an acknowledgement and the next sending, when memory holds the step that is about to be sent and every clean
 * page is in Redis.
 */
import { compareStreamIds, STREAM_START } from "../kernel/stream-id.ts";
import { sendCommit, type Commit, type Position } from "./commit.ts";
import { decodeEntry, entryBytes, type RawEntry } from "./entries.ts";
import { checkForGap, readStreamCounts } from "./gap.ts";
import { writeHeartbeat } from "./heartbeat.ts";
import type { PartitionContext } from "./partition-context.ts";
import { Abandoned, bringPages, recoverPartition } from "./recovery.ts";
import { HandlerFault, type StepInput, type StreamEntry } from "./state-machine.ts";
import { fillsStep, nextWork, type StepBounds, type Work } from "./steps.ts";
import { createSweeper } from "./sweep.ts";

/** Read ahead at most: this many steps' entries, and this many bytes. */
const AHEAD_STEPS = 2;
const AHEAD_BYTES = 16 * 1024 * 1024;
/** Bytes of pages in one commit when only checkpointing is left to do. */
const FAREWELL_BYTES = 2 * 1024 * 1024;

/**
 * Returns when the partition is released. `onProgress` is called after each acknowledged commit and sign of life.
 * Throws OwnershipLost, CommitDoubt, EventSetAside (all of them: load again or leave), or what stands in its way.
 */
export async function runSession(context: PartitionContext, onProgress: () => void): Promise<void> {
  const { redis, keys, options, clock, ticks, telemetry, poison, alarm, status, memoryShare, log } = context;
  const { partition, nonce, createShard } = context;

  const begun = ticks();
  const recovered = await recoverPartition(nonce, {
    redis,
    keys,
    createShard,
    shardOptions: { partition, clockMode: options.clockMode, limits: options.limits },
    memoryShare,
    onToken(granted) {
      status.token = granted;
    },
    abandoned: () => status.dropped || status.releasing,
  });
  const { shard, token } = recovered;
  const recoveryMs = ticks() - begun;
  telemetry.count("recoveries");
  telemetry.time("recovery", recoveryMs);
  // Hundreds of partitions may start at once; one that was left in the middle is worth a line.
  log[recovered.steps > 0 ? "info" : "debug"](
    {
      seq: recovered.position.seq,
      epoch: token.epoch,
      steps: recovered.steps,
      events: recovered.events,
      ms: Math.round(recoveryMs),
    },
    "the partition is loaded",
  );

  /** Where memory is, and where the last acknowledged commit was. */
  let position = recovered.position;
  let committed = position;
  let flight: { readonly commit: Commit; readonly done: Promise<void>; readonly sent: number } | null = null;
  let lastSent = -Infinity;
  let lastPulse = -Infinity;
  let lastNow = position.now;
  /** Milliseconds that an event took in the steps before, on average; what steps of about `stepMs` are cut by. */
  let eventMs = 0;
  const bounds = (): StepBounds => ({
    ...options,
    stepEvents: eventMs === 0 ? options.stepEvents : Math.min(options.stepEvents, options.stepMs / eventMs),
  });
  const sweeper = createSweeper(
    {
      sweepMs: options.sweepMs,
      sweepEvents: options.sweepEvents / context.partitions,
      sliceBytes: options.sliceBytes,
    },
    recovered.lastCheckpoint,
    ticks(),
  );

  const queue: StreamEntry[] = [];
  const sizes: number[] = [];
  let queuedBytes = 0;
  let unreadable: unknown = null;
  /** Where the stream ended when the release began; null before that. */
  let drainTo: string | null = null;
  const drained = (): boolean =>
    status.drainUntil === null ||
    ticks() >= status.drainUntil ||
    (drainTo !== null && compareStreamIds(queue.at(-1)?.id ?? position.offset, drainTo) >= 0);
  const subscription = context.reader.subscribe({
    key: keys.in,
    after: position.offset,
    hungry: () =>
      unreadable === null &&
      (!status.releasing || !drained()) &&
      queue.length < AHEAD_STEPS * options.stepEntries &&
      queuedBytes < AHEAD_BYTES,
    take(entries: readonly RawEntry[]) {
      try {
        for (const raw of entries) {
          if (unreadable !== null) return;
          queue.push(decodeEntry(raw));
          const bytes = entryBytes(raw);
          sizes.push(bytes);
          queuedBytes += bytes;
        }
      } catch (error) {
        // What came before it is still good; the partition stops when it gets here.
        unreadable = error;
      }
      alarm.ring();
    },
  });

  /** Waits for the commit that is on its way. */
  const landed = async (): Promise<void> => {
    if (flight === null) return;
    const { commit, done, sent } = flight;
    await done;
    flight = null;
    committed = commit.after;
    telemetry.count("commits");
    telemetry.time("commit", ticks() - sent);
    if (commit.step !== null) {
      const { output, rejected } = commit.step;
      telemetry.count("steps");
      telemetry.count("events", output.events);
      telemetry.count("duplicates", output.duplicates);
      telemetry.count("saturated", output.saturated);
      telemetry.count("rejected", rejected.length);
      poison.forget(committed.offset);
    }
    if (commit.checkpoint !== null) telemetry.time("sweep", sweeper.completed(ticks()));
    shard.evict(memoryShare());
    status.residentBytes = shard.residentBytes;
    status.contacts = committed.contacts;
    onProgress();
  };

  /** Sends what memory holds now; the commit before must have landed. */
  const send = (before: Position, step: Commit["step"], minBytes: number): void => {
    const now = ticks();
    if (sweeper.dueIn(position, now) <= 0) sweeper.begin(shard, position, now);
    const excess = Math.max(0, shard.residentBytes - memoryShare());
    const { pages, checkpoint } = sweeper.slice(shard, now, Math.max(excess, minBytes));
    const commit: Commit = { token, before, after: position, step, pages, checkpoint };
    const done = sendCommit(redis, keys, commit, options);
    // It is awaited by `landed`; until then a failure has nobody to tell.
    done.catch(() => {});
    flight = { commit, done, sent: now };
    lastSent = now;
  };

  /** Runs one step and sends it. */
  const advance = async ({ work, take }: Work, now: number): Promise<void> => {
    const entries = queue.slice(0, take);
    const { skip, rejected } = poison.of(entries);
    const input: StepInput = { seq: position.seq + 1, now, work, entries, skip };
    await bringPages(shard, input, redis, keys.pages);
    const begin = ticks();
    let output;
    try {
      output = shard.step(input, true);
    } catch (error) {
      throw error instanceof HandlerFault ? poison.add(error, entries, now) : error;
    }
    const stepMs = ticks() - begin;
    telemetry.time("step", stepMs);
    if (output.events > 0)
      eventMs = eventMs === 0 ? stepMs / output.events : eventMs + (stepMs / output.events - eventMs) / 4;
    queue.splice(0, take);
    for (const bytes of sizes.splice(0, take)) queuedBytes -= bytes;
    subscription.wake();
    sweeper.countEvents(output.events);

    const before = position;
    const { clock: reached, model, modelComplete, contacts, events, duplicates } = output;
    position = {
      seq: input.seq,
      epoch: token.epoch,
      offset: entries.at(-1)?.id ?? before.offset,
      consumed: before.consumed + entries.length,
      now,
      clock: reached,
      model,
      contacts,
    };
    const record = {
      seq: input.seq,
      epoch: token.epoch,
      prevEpoch: before.epoch,
      after: before.offset,
      to: position.offset,
      work,
      now,
      clock: reached,
      model,
      modelComplete,
      skip,
      contacts,
      events,
      duplicates,
    };
    await landed();
    send(before, { record, output, rejected }, 0);
  };

  /** A sign of life, and a look for lost entries. */
  const pulse = async (now: number): Promise<void> => {
    lastPulse = ticks();
    const counts = await readStreamCounts(redis, keys.in, position.offset);
    checkForGap(counts, position.consumed);
    status.backlog = counts.added - position.consumed;
    const idle = flight === null && !counts.waiting && options.clockMode === "wall";
    await writeHeartbeat(redis, keys, token, {
      seq: committed.seq,
      epoch: committed.epoch,
      clock: idle ? Math.max(position.clock, Math.min(now, shard.nextFlip() - 1)) : committed.clock,
      at: now,
      backlog: status.backlog,
      halted: null,
    });
    onProgress();
  };

  /** Entries that trickle in are taken together; a partition that was idle answers at once. */
  const pauseBefore = ({ work }: Work): number => {
    if (work.kind !== "entries" || status.releasing || fillsStep(queue, bounds())) return 0;
    return lastSent + options.commitIntervalMs - ticks();
  };

  try {
    context.onLive();
    for (;;) {
      if (status.dropped) throw new Abandoned("the partition was taken away");
      lastNow = Math.max(lastNow, clock.now());
      const now = lastNow;
      if (ticks() - lastPulse >= options.pulseMs) await pulse(now);
      if (status.drainUntil !== null && drainTo === null) {
        drainTo = (await redis.xrevrange(keys.in, "+", "-", "COUNT", 1))[0]?.[0] ?? STREAM_START;
        subscription.wake();
      }

      // What was read is finished first; a model that is being switched to goes on at the next owner.
      const done = queue.length === 0 && drained();
      const leaving = status.releasing && unreadable === null && (done || shard.migration !== null);
      const work = leaving ? null : nextWork(shard, queue, now, bounds());
      const pause = work === null ? Infinity : pauseBefore(work);
      if (work !== null && pause <= 0) {
        await advance(work, now);
        continue;
      }
      if (flight !== null) {
        await landed();
        continue;
      }
      if (work === null) {
        if (leaving) break;
        if (unreadable !== null && queue.length === 0) throw unreadable;
        if (sweeper.running || sweeper.dueIn(position, ticks()) <= 0) {
          send(position, null, 0);
          continue;
        }
      }
      const flip = options.clockMode === "wall" ? shard.nextFlip() - now : Infinity;
      const beat = lastPulse + options.pulseMs - ticks();
      const wait = Math.min(pause, flip, beat, sweeper.dueIn(position, ticks()), options.blockMs);
      await alarm.sleep(Math.max(1, Math.ceil(wait)));
    }
    await sayFarewell();
  } finally {
    subscription.close();
  }

  /** A last checkpoint, so that the next owner starts without running anything again. */
  async function sayFarewell(): Promise<void> {
    const deadline = ticks() + options.farewellMs;
    while (!status.dropped && ticks() < deadline) {
      if (!sweeper.running) {
        if (sweeper.dueIn(position, ticks()) === Infinity) return;
        sweeper.begin(shard, position, ticks());
      }
      send(position, null, FAREWELL_BYTES);
      await landed();
    }
  }
}
