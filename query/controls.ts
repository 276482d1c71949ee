/**
 * Asking a partition something through its stream: a control is written behind all that was accepted before, and the
 * reply comes in the delta of the step that reached it. So when it arrives here, the view of this process holds
 * everything that the partition had been given before the question.
 */
import { randomUUID } from "node:crypto";
import { encodeControl, type Control } from "../kernel/control.ts";
import type { Reply, Step } from "../kernel/delta.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { RedisClient } from "../kernel/redis.ts";
import type { Follower } from "./follower.ts";
import { fromRedis } from "./http-errors.ts";
import type { FollowedPartition } from "./partition-follower.ts";

export interface Answer<K extends Reply["kind"]> {
  readonly reply: Extract<Reply, { kind: K }>;
  readonly step: Step;
}

type Asking = Exclude<Control["kind"], "model">;

interface Waiter {
  readonly partition: FollowedPartition;
  /** With null when the view was dropped: the reply may have passed unseen, so ask again. */
  readonly settle: (answer: { reply: Reply; step: Step } | null) => void;
}

export interface Controls {
  /**
   * Asks and waits. `make` gives the control for a nonce; it may be called again, and must be harmless to repeat.
   * `deadline` is an instant of `performance.now()`. Throws `timeout` or `unavailable`.
   */
  ask<K extends Asking>(
    partition: FollowedPartition,
    make: (nonce: string) => Extract<Control, { kind: K }>,
    deadline: number,
  ): Promise<Answer<K>>;
  /** For the follower: replies of a step that is in the view now. */
  take(partition: FollowedPartition, step: Step, replies: readonly Reply[]): void;
  /** For the follower: the view of a partition was dropped. */
  dropped(partition: FollowedPartition): void;
}

export function createControls(redis: RedisClient, follower: () => Follower): Controls {
  const waiters = new Map<string, Waiter>();

  async function once(
    partition: FollowedPartition,
    control: Control & { readonly nonce: string },
    deadline: number,
  ): Promise<{ reply: Reply; step: Step } | null> {
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<{ reply: Reply; step: Step } | null>((resolve, reject) => {
      waiters.set(control.nonce, { partition, settle: resolve });
      timer = setTimeout(() => reject(tooLate(partition, control.kind)), Math.max(0, deadline - performance.now()));
    });
    // A failed write is the error to report; the timer's would have nobody listening then.
    answer.catch(() => {});
    try {
      if (!partition.ready) return null;
      await fromRedis(redis.xadd(partition.keys.in, "*", "c", encodeControl(control)));
      return await answer;
    } finally {
      clearTimeout(timer);
      waiters.delete(control.nonce);
    }
  }

  return {
    async ask<K extends Asking>(
      partition: FollowedPartition,
      make: (nonce: string) => Extract<Control, { kind: K }>,
      deadline: number,
    ): Promise<Answer<K>> {
      for (;;) {
        const ready = await follower().whenReady(partition, deadline - performance.now());
        if (!ready) throw tooLate(partition, "view");
        const answer = await once(partition, make(randomUUID()), deadline);
        if (answer !== null) return answer as Answer<K>;
      }
    },
    take(_partition, step, replies) {
      for (const reply of replies) waiters.get(reply.nonce)?.settle({ reply, step });
    },
    dropped(partition) {
      for (const waiter of waiters.values()) if (waiter.partition === partition) waiter.settle(null);
    },
  };
}

function tooLate(partition: FollowedPartition, what: string): SluiceError {
  return new SluiceError("timeout", `partition ${partition.number} did not answer in time (${what})`, {
    details: { partition: partition.number },
  });
}
