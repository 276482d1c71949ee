/**
 * Lua scripts as values: each lives in a file of its own with what it guarantees at its head, is sent by its hash and
 * in full only where the server doesn't know it yet (a new server, a failover, SCRIPT FLUSH).
 */
import { createHash } from "node:crypto";
import type { RedisClient } from "./redis.ts";

export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

export type ScriptArgument = string | number | Buffer;

export function defineScript(name: string, lua: string): Script {
  return { name, lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/**
 * Runs a script; all keys must lie in one slot. Strings in the reply are decoded as UTF-8.
 * Rejects with the script's error reply, or with a connection error or time-out: then its outcome is unknown. Trying
 * in full after NOSCRIPT is safe, since that reply says that nothing was run.
 */
export async function runScript(
  redis: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return redis.eval(script.lua, keys.length, ...keys, ...args);
  }
}
