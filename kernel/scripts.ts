/**
 * Lua scripts as values: each lives in a file of its own with what it guarantees at its head, is sent by its hash and
 * in full only where the server doesn't know it yet (a new server, a failover, SCRIPT FLUSH).
 */
import { createHash } from "node:crypto";
import { Command } from "ioredis";
import {
  argumentBytes,
  PackedCommand,
  putArguments,
  type CommandArgument,
  type CommandBlocks,
} from "./packed-command.ts";
import type { RedisClient } from "./redis.ts";

export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

export type ScriptArgument = CommandArgument;

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
  return orInFull(redis.evalsha(script.sha, keys.length, ...keys, ...args), () =>
    redis.eval(script.lua, keys.length, ...keys, ...args),
  );
}

/** As `runScript`, with buffers for the strings of the reply. */
export async function runScriptForBuffers(
  redis: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...args];
  const reply = { replyEncoding: null } as const;
  return orInFull(redis.sendCommand(new Command("evalsha", [script.sha, ...rest], reply)), () =>
    redis.sendCommand(new Command("eval", [script.lua, ...rest], reply)),
  );
}

/**
 * As `runScript`, for calls with much to carry: their bytes are written into a block of `blocks`, and the arguments are
 * free for other use as soon as this returns.
 */
export async function runPackedScript(
  redis: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
  blocks: CommandBlocks,
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...args];
  const head = headOf("evalsha", script.sha, rest.length);
  const block = blocks.take(head.length + argumentBytes(rest));
  const from = block.write(head, "latin1");
  const bytes = block.subarray(0, putArguments(block, from, rest));
  try {
    const reply = await redis.sendCommand(new PackedCommand("evalsha", [script.sha, keys.length, ...keys], bytes));
    // A reply says that all of the call was read. Nothing else does: a socket may still write from the block.
    blocks.give(block);
    return reply;
  } catch (error) {
    if (!isNoScript(error)) throw error;
    const full = Buffer.concat([Buffer.from(headOf("eval", script.lua, rest.length)), bytes.subarray(from)]);
    return redis.sendCommand(new PackedCommand("eval", [script.lua, keys.length, ...keys], full));
  }
}

/** What a call with so many arguments behind the script begins with: all that EVAL and EVALSHA differ in. */
function headOf(name: string, script: string, rest: number): string {
  return `*${2 + rest}\r\n$${name.length}\r\n${name}\r\n$${Buffer.byteLength(script)}\r\n${script}\r\n`;
}

/** The reply to a call by hash, or to one in full where the server doesn't know the script. */
async function orInFull(byHash: unknown, inFull: () => unknown): Promise<unknown> {
  try {
    return await byHash;
  } catch (error) {
    if (!isNoScript(error)) throw error;
    return inFull();
  }
}

function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
