/** A partition's signs of life, for status and for views that would otherwise not know how fresh an idle one is. */
import type { PartitionKeys } from "../kernel/keys.ts";
import { encodeHeartbeat, type Heartbeat } from "../kernel/partition-state.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { runScript } from "../kernel/scripts.ts";
import { OwnershipLost, tokenText, type Token } from "./commit.ts";
import { PULSE_SCRIPT } from "./scripts/pulse.ts";

/** Throws OwnershipLost when the partition has another owner. */
export async function writeHeartbeat(
  redis: RedisClient,
  { owner, heartbeat }: PartitionKeys,
  token: Token,
  beat: Heartbeat,
): Promise<void> {
  const args = [tokenText(token), encodeHeartbeat(beat)];
  const written = await runScript(redis, PULSE_SCRIPT, [owner, heartbeat], args);
  if (written !== 1) throw new OwnershipLost("the partition has another owner");
}

/** Says why a partition stands still, with the position at which it does. */
export async function writeHalt(
  redis: RedisClient,
  keys: PartitionKeys,
  token: Token,
  at: number,
  backlog: number,
  reason: string,
): Promise<void> {
  const [seq, epoch, clock] = await redis.hmget(keys.state, "seq", "epoch", "clock");
  await writeHeartbeat(redis, keys, token, {
    seq: Number(seq ?? 0),
    epoch: Number(epoch ?? 0),
    clock: Number(clock ?? 0),
    at,
    backlog,
    halted: reason,
  });
}
