/** Decides what the next step of a partition is. Pure: it looks at the shard, the entries at hand and the instant. */
import type { Step } from "../kernel/delta.ts";
import type { ClockMode } from "../kernel/clock.ts";
import type { QueuedEntry } from "./entry-queue.ts";
import type { Shard } from "./state-machine.ts";

export interface StepBounds {
  readonly clockMode: ClockMode;
  readonly stepEntries: number;
  readonly stepEvents: number;
  readonly timerBatch: number;
  readonly migratePages: number;
}

export interface Work {
  readonly work: Step["work"];
  /** How many of the entries at hand it takes. */
  readonly take: number;
}

/**
 * In this order: pages that still have the old model; due timers, while there are more than one step should run with
 * the entries; the entries (a model alone); due timers without entries. Null when there is nothing to do.
 */
export function nextWork(shard: Shard, queue: readonly QueuedEntry[], now: number, bounds: StepBounds): Work | null {
  const { migration } = shard;
  if (migration !== null) {
    const { version, nextPage, pages } = migration;
    const toPage = Math.min(nextPage + bounds.migratePages, pages);
    return { work: { kind: "migrate", version, fromPage: nextPage, toPage }, take: 0 };
  }
  const head = queue[0];
  if (head === undefined) {
    if (bounds.clockMode === "event" || shard.nextFlip() > now) return null;
    return timersUpTo(shard.timersUntil(now, bounds.timerBatch) ?? now);
  }
  const instant = bounds.clockMode === "wall" ? now : movesClockTo(head);
  const until = instant === null ? null : shard.timersUntil(instant, bounds.timerBatch);
  if (until !== null) return timersUpTo(until);
  return { work: { kind: "entries" }, take: takeEntries(queue, bounds) };
}

function timersUpTo(until: number): Work {
  return { work: { kind: "timers", until }, take: 0 };
}

/** With the event clock: the instant to which an entry moves time first, null if it doesn't. */
function movesClockTo(head: QueuedEntry): number | null {
  const entry = head.open();
  if (entry.kind === "events") return entry.events.timestamps[0] ?? null;
  return entry.control.kind === "clock" ? entry.control.now : null;
}

function takeEntries(queue: readonly QueuedEntry[], bounds: StepBounds): number {
  let events = 0;
  let take = 0;
  for (const entry of queue) {
    if (entry.isModel) return Math.max(take, 1);
    events += entry.events;
    if (take > 0 && events > bounds.stepEvents) break;
    if (++take === bounds.stepEntries) break;
  }
  return take;
}
