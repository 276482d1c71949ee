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
import type { RawEntry } from "./entries.ts";
import { createEntryQueue, type QueuedEntry } from "./entry-queue.ts";
import { checkForGap, readStreamCounts } from "./gap.ts";
import { writeHeartbeat } from "./heartbeat.ts";
import type { PartitionContext, SentCommit } from "./partition-context.ts";
import { Abandoned, bringPages, recoverPartition } from "./recovery.ts";
import { HandlerFault, type StepInput, type StreamEntry } from "./state-machine.ts";
import { nextWork, type StepBounds, type Work } from "./steps.ts";
import { createSweeper } from "./sweep.ts";

/** More is read while there is less at hand than a step takes, and less than this. */
const AHEAD_BYTES = 16 * 1024 * 1024;
/** A page that was worked on takes about this many times its bytes in a commit. */
const RESIDENT_FACTOR = 4;
/**
 * A partition that had no step for so many of the reader's longest pauses has nothing else to do than a checkpoint. While
 * steps come, they carry it.
 */
const QUIET_RESTS = 4;
/** Bytes of pages in one commit when only checkpointing is left to do. */
const FAREWELL_BYTES = 2 * 1024 * 1024;

/**
 * What is left to do when a commit has landed. Its bytes are not held here: a busy thread gets back to the partition
 * much later, and by then they would be dear to collect.
 */
interface Flight extends SentCommit {
  readonly completesSweep: boolean;
  readonly done: Promise<void>;
  readonly sent: number;
}

/**
 * Returns when the partition is released. `onProgress` is called after each acknowledged commit and sign of life.
 * Throws OwnershipLost, CommitDoubt, EventSetAside (all of them: load again or leave), or what stands in its way.
 */
export async function runSession(context: PartitionContext, onProgress: () => void): Promise<void> {
  const { redis, keys, options, clock, ticks, telemetry, poison, alarm, status, memoryShare, log } = context;
  const { partition, nonce, createShard } = context;

  const mayDrain = (): boolean => status.drainUntil !== null && ticks() < status.drainUntil;

  let begun = ticks();
  const recovered = await context.loading.pass(() => {
    begun = ticks();
    return recoverPartition(nonce, {
      redis,
      pages: context.pages,
      keys,
      createShard,
      shardOptions: { partition, clockMode: options.clockMode, limits: options.limits },
      memoryShare,
      onToken(granted) {
        status.token = granted;
      },
      abandoned: (waiting) => status.dropped || (status.releasing && !(waiting && mayDrain())),
    });
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

  const countStep = (step: SentCommit["step"]): void => {
    if (step === null) return;
    telemetry.count("steps");
    telemetry.count("events", step.events);
    telemetry.count("duplicates", step.duplicates);
    telemetry.count("saturated", step.saturated);
    telemetry.count("rejected", step.rejected);
  };
  // Nothing was written since but what that session had sent: where its last step came to stand, it was written.
  const { unsettled } = status;
  status.unsettled = null;
  if (unsettled !== null) {
    const { seq, epoch } = unsettled.after;
    if (recovered.position.seq === seq && recovered.position.epoch === epoch) countStep(unsettled.step);
  }

  /** Where memory is, and where the last acknowledged commit was. */
  let position = recovered.position;
  let committed = position;
  let flight: Flight | null = null;
  let lastStep = -Infinity;
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
      phase: partition / context.partitions,
    },
    recovered.lastCheckpoint,
    ticks(),
  );

  const queue = createEntryQueue(context.blocks);
  const { entries: waiting } = queue;
  /** Where the stream ended when the release began; null before that. */
  let drainTo: string | null = null;
  const drained = (): boolean =>
    !mayDrain() || (drainTo !== null && compareStreamIds(waiting.at(-1)?.id ?? position.offset, drainTo) >= 0);
  const subscription = context.reader.subscribe({
    key: keys.in,
    after: position.offset,
    hungry: () =>
      (!status.releasing || !drained()) && waiting.length < options.stepEntries && queue.bytes < AHEAD_BYTES,
    take(entries: readonly RawEntry[]) {
      for (const raw of entries) queue.push(raw);
      alarm.ring();
    },
  });

  /** Waits for the commit that is on its way. */
  const landed = async (): Promise<void> => {
    if (flight === null) return;
    const { after, step, completesSweep, done, sent } = flight;
    await done;
    flight = null;
    committed = after;
    telemetry.count("commits");
    telemetry.time("commit", ticks() - sent);
    countStep(step);
    if (step !== null) poison.forget(committed.offset);
    if (completesSweep) telemetry.time("sweep", sweeper.completed(ticks()));
    shard.evict(memoryShare());
    status.residentBytes = shard.residentBytes;
    status.contacts = committed.contacts;
    onProgress();
  };

  /** Sends what memory holds now; the commit before must have landed. */
  const send = (before: Position, step: Commit["step"], minBytes: number): void => {
    const now = ticks();
    if (sweeper.dueIn(position, now) <= 0) sweeper.begin(shard, position, now);
    const excess = Math.max(0, shard.residentBytes - memoryShare()) / RESIDENT_FACTOR;
    const least = { idle: step === null, minBytes: Math.max(excess, minBytes) };
    const { pages, checkpoint } = sweeper.slice(shard, now, least, context.commits.pages);
    const commit: Commit = { token, before, after: position, step, pages, checkpoint };
    const done = sendCommit(redis, keys, commit, options, context.commits);
    // It is awaited by `landed`; until then a failure has nobody to tell.
    done.catch(() => {});
    const counts =
      step === null
        ? null
        : {
            events: step.output.events,
            duplicates: step.output.duplicates,
            saturated: step.output.saturated,
            rejected: step.rejected.length,
          };
    flight = { after: position, step: counts, completesSweep: checkpoint !== null, done, sent: now };
  };

  /** Runs one step and sends it. */
  const advance = async ({ work, take }: Work, now: number): Promise<void> => {
    const { entries, fault } = openEntries(waiting, take);
    if (fault !== null && entries.length === 0) {
      await landed();
      throw fault.error;
    }
    const { skip, rejected } = poison.of(entries);
    const input: StepInput = { seq: position.seq + 1, now, work, entries, skip };
    await bringPages(shard, input, context.pages, keys.pages);
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
    queue.drop(entries.length);
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
    lastStep = begin;
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

  try {
    context.onLive();
    for (;;) {
      if (context.loading.busy) await context.loading.giveWay();
      if (status.dropped) throw new Abandoned("the partition was taken away");
      lastNow = Math.max(lastNow, clock.now());
      const now = lastNow;
      if (ticks() - lastPulse >= options.pulseMs) await pulse(now);
      if (status.drainUntil !== null && drainTo === null) {
        drainTo = (await redis.xrevrange(keys.in, "+", "-", "COUNT", 1))[0]?.[0] ?? STREAM_START;
        subscription.wake();
      }

      // What was read is finished first; a model that is being switched to goes on at the next owner.
      const done = waiting.length === 0 && drained();
      const leaving = status.releasing && (done || shard.migration !== null);
      const work = leaving ? null : nextWork(shard, waiting, now, bounds());
      if (work !== null) {
        await advance(work, now);
        continue;
      }
      if (flight !== null) {
        await landed();
        continue;
      }
      if (leaving) break;
      const sweep = sweeper.running ? 0 : sweeper.dueIn(position, ticks());
      const untilSweep = Math.max(sweep, lastStep + options.restMs * QUIET_RESTS - ticks());
      if (untilSweep <= 0) {
        send(position, null, 0);
        continue;
      }
      const flip = options.clockMode === "wall" ? shard.nextFlip() - now : Infinity;
      const beat = lastPulse + options.pulseMs - ticks();
      const wait = Math.min(flip, beat, untilSweep, options.blockMs);
      await alarm.sleep(Math.max(1, Math.ceil(wait)));
    }
    await sayFarewell();
  } finally {
    subscription.close();
    status.unsettled = unseen();
  }

  /** What is on its way. */
  function unseen(): SentCommit | null {
    return flight;
  }

  /** A last checkpoint, so that the next owner starts without running anything again. */
  async function sayFarewell(): Promise<void> {
    const stopping = status.drainUntil !== null;
    const deadline = ticks() + (stopping ? options.farewellMs : options.handOverMs);
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

/** The first ones, opened, up to one that can't be read, and why not: what came before it is still good. */
function openEntries(
  waiting: readonly QueuedEntry[],
  count: number,
): { readonly entries: StreamEntry[]; readonly fault: { readonly error: unknown } | null } {
  const entries: StreamEntry[] = [];
  for (const waits of waiting.slice(0, count)) {
    try {
      entries.push(waits.open());
    } catch (error) {
      return { entries, fault: { error } };
    }
  }
  return { entries, fault: null };
}
