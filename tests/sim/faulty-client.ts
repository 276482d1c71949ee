/**
 * A Redis client whose way to the server is bad: requests that never leave, replies that never come, requests that
 * arrive long after the client gave up on them, even out of order.
 */
import { Command } from "ioredis";
import { PackedCommand } from "../../kernel/packed-command.ts";
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
const SCRIPT: ReadonlySet<unknown> = new Set([COMMIT_SCRIPT.sha, COMMIT_SCRIPT.lua]);
/** Where the commit's arguments begin behind the script, the number of keys and the keys, and the one for trimming. */
const COMMIT_KEYS = 9;
const KEEP_DELTAS_ARGUMENT = 17;

const COMMANDS: ReadonlySet<string> = new Set(["evalsha", "eval", "sendCommand", "hmgetBuffer", "xrangeBuffer"]);

type Send = () => Promise<unknown>;

export function makeFaulty(real: RedisClient, random: Random, faults: Faults): FaultyClient {
  const late: Promise<unknown>[] = [];
  const timedOut = (): Error => new Error("Command timed out");

  const deliver = async (send: Send, commit: boolean): Promise<unknown> => {
    if (!random.chance(faults.probability)) return send();
    switch (random.pick(["request lost", "reply lost", "late", "killed before", "killed during", "killed after"])) {
      case "request lost":
        throw timedOut();
      case "reply lost":
        await send().catch(() => {});
        throw timedOut();
      case "late":
        late.push(pause(random.below(LATE_MS_MAX)).then(() => send().catch(() => {})));
        throw timedOut();
      case "killed before":
        if (commit) faults.kill();
        throw timedOut();
      case "killed during": {
        const sent = send();
        if (commit) faults.kill();
        return sent;
      }
      default: {
        const reply = await send();
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
      return (...args: unknown[]) => {
        const [command] = args;
        const commit = command instanceof PackedCommand && SCRIPT.has(command.args[0]);
        const sent = commit && faults.keepDeltas ? [withoutTrimming(command)] : args;
        return deliver(() => (value as (...all: unknown[]) => Promise<unknown>).apply(target, sent), commit);
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

/** The same commit with nothing said of what the redo log may lose. */
function withoutTrimming(commit: PackedCommand): Command {
  const [name = "", ...args] = argumentsOf(commit.toWritable());
  args[2 + COMMIT_KEYS + KEEP_DELTAS_ARGUMENT] = Buffer.alloc(0);
  return new Command(name.toString(), args, { replyEncoding: "utf8" });
}

/** Copies of the name and the arguments of a command that was packed. */
function argumentsOf(bytes: Buffer): Buffer[] {
  let at = bytes.indexOf("\r\n") + 2;
  const found: Buffer[] = [];
  while (at < bytes.length) {
    const from = bytes.indexOf("\r\n", at) + 2;
    const to = from + Number(bytes.toString("latin1", at + 1, from - 2));
    found.push(Buffer.from(bytes.subarray(from, to)));
    at = to + 2;
  }
  return found;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
