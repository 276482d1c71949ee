/**
 * A Redis client whose way to the server is bad: requests that never leave, replies that never come, requests that
 * arrive long after the client gave up on them, even out of order.
 */
import type { RedisClient } from "../../kernel/redis.ts";
import { COMMIT_SCRIPT } from "../../processor/scripts/commit.ts";
import type { Random } from "./random.ts";

export interface Faults {
  /** Of one command, 0 to 1. */
  probability: number;
  /** Called now and then in the middle of a commit: what a kill does to the process. */
  kill: () => void;
  /** Leaves the redo log untrimmed, so that a test can read all of it in the end. */
  readonly keepDeltas: boolean;
}

export interface FaultyClient {
  readonly client: RedisClient;
  /** Resolves when every request that was held up has arrived. */
  settled(): Promise<void>;
}

const LATE_MS_MAX = 60;
/** Where the commit's arguments begin behind the script's hash, the number of keys and the keys, and the one for trimming. */
const COMMIT_KEYS = 9;
const KEEP_DELTAS_ARGUMENT = 18;

const COMMANDS: ReadonlySet<string> = new Set(["evalsha", "eval", "hmgetBuffer", "hscanBuffer", "xrangeBuffer"]);

type Send = (...args: unknown[]) => Promise<unknown>;

export function makeFaulty(real: RedisClient, random: Random, faults: Faults): FaultyClient {
  const late: Promise<unknown>[] = [];
  const timedOut = (): Error => new Error("Command timed out");

  const deliver = async (send: Send, args: unknown[], commit: boolean): Promise<unknown> => {
    if (!random.chance(faults.probability)) return send(...args);
    switch (random.pick(["request lost", "reply lost", "late", "killed before", "killed during", "killed after"])) {
      case "request lost":
        throw timedOut();
      case "reply lost":
        await send(...args).catch(() => {});
        throw timedOut();
      case "late":
        late.push(pause(random.below(LATE_MS_MAX)).then(() => send(...args).catch(() => {})));
        throw timedOut();
      case "killed before":
        if (commit) faults.kill();
        throw timedOut();
      case "killed during": {
        const sent = send(...args);
        if (commit) faults.kill();
        return sent;
      }
      default: {
        const reply = await send(...args);
        if (commit) faults.kill();
        return reply;
      }
    }
  };

  const client = new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (typeof name !== "string" || !COMMANDS.has(name)) return value.bind(target);
      const send: Send = (...args) => (value as Send).apply(target, args);
      return (...args: unknown[]) => {
        const commit = args[0] === COMMIT_SCRIPT.sha || args[0] === COMMIT_SCRIPT.lua;
        if (commit && faults.keepDeltas) args[1 + COMMIT_KEYS + KEEP_DELTAS_ARGUMENT] = "";
        return deliver(send, args, commit);
      };
    },
  });
  return {
    client,
    async settled() {
      await Promise.all(late);
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
