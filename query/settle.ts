/**
 * Waiting until all that had been accepted is in this process's views, and moving the event clock.
 *
 * A barrier in every partition's stream stands behind all that was accepted before it; its echo comes back in the
 * deltas, so when the echo is seen here the view has all of it.
 */
import { SluiceError } from "../kernel/errors.ts";
import { isoTime, type QueryContext } from "./context.ts";
import { fromRedis } from "./http-errors.ts";

/** Resolves with the largest clock of all partitions, ms since 1970. `deadline` is of `performance.now()`. */
export async function settle(context: QueryContext, deadline: number): Promise<number> {
  const largest = await passBarriers(context, deadline);
  // Before the first event of a replay there is no instant to bring anybody to.
  if (context.deps.config.clockMode === "event" && largest > 0) await moveClocks(context, largest, deadline);
  await takeUpModels(context);
  return largest;
}

/** Moves every partition's clock forward to `now`. Throws `conflict` when the clock is past it already. */
export async function moveClock(context: QueryContext, now: number, deadline: number): Promise<void> {
  const largest = await passBarriers(context, deadline);
  if (now < largest) {
    throw new SluiceError("conflict", `the clock is at ${isoTime(largest)} and moves forward only`, {
      details: { clock: isoTime(largest) },
    });
  }
  await moveClocks(context, now, deadline);
  await takeUpModels(context);
}

async function passBarriers(context: QueryContext, deadline: number): Promise<number> {
  const make = (nonce: string) => ({ kind: "barrier", nonce }) as const;
  const echoes = await Promise.all(
    context.follower.partitions.map((partition) => context.controls.ask<"barrier">(partition, make, deadline)),
  );
  return Math.max(...echoes.map(({ step }) => step.clock));
}

async function moveClocks(context: QueryContext, now: number, deadline: number): Promise<void> {
  const make = (nonce: string) => ({ kind: "clock", nonce, now }) as const;
  await Promise.all(
    context.follower.partitions.map((partition) => context.controls.ask<"clock">(partition, make, deadline)),
  );
}

/** What the views show must have names: the model that partitions have reached may be newer than the one in use here. */
async function takeUpModels(context: QueryContext): Promise<void> {
  const versions = context.follower.partitions.map((partition) => partition.model.version);
  if (Math.max(...versions) > context.models.current.record.version) await fromRedis(context.models.refresh(versions));
}
