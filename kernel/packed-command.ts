/**
 * Commands that are written into blocks of memory that are used again. ioredis otherwise puts all arguments together in
 * a new buffer for each command, and V8 marks the whole heap each time that 64 MB of new ones have come, however small
 * the heap and however short their lives.
 *
 * The arguments are copied when the command is made, so that a cluster client may send it again after a redirection long
 * after their memory has come to hold something else.
 */
import { Command } from "ioredis";

export type CommandArgument = string | number | Buffer;

const BLOCK_BYTES_MIN = 16 * 1024;
/** Free blocks beyond this go, longest unused first. */
const POOL_BYTES = 32 * 1024 * 1024;
/** A larger one is not kept at all. */
const BLOCK_BYTES_MAX = 8 * 1024 * 1024;

/** Blocks for commands. One for all partitions of a thread, which send in turns. */
export class CommandBlocks {
  /** By when they were given back. */
  readonly #free: Buffer[] = [];
  #bytes = 0;

  /** With room for so many bytes: sizes are powers of two, so that a block fits other commands. */
  take(bytes: number): Buffer {
    let size = BLOCK_BYTES_MIN;
    while (size < bytes) size *= 2;
    for (let i = this.#free.length - 1; i >= 0; i--) {
      if (this.#free[i]?.length !== size) continue;
      this.#bytes -= size;
      return this.#free.splice(i, 1)[0] as Buffer;
    }
    return Buffer.allocUnsafeSlow(size);
  }

  give(block: Buffer): void {
    if (block.length > BLOCK_BYTES_MAX) return;
    this.#free.push(block);
    this.#bytes += block.length;
    while (this.#bytes > POOL_BYTES) this.#bytes -= this.#free.shift()?.length ?? 0;
  }
}

/** A command that is sent as bytes which were written before. Strings in its reply are decoded as UTF-8. */
export class PackedCommand extends Command {
  readonly #bytes: Buffer;

  /** @param args the first ones, among them all keys: a cluster client finds the node by them, and errors show them */
  constructor(name: string, args: readonly (string | number)[], bytes: Buffer) {
    super(name, [...args], { replyEncoding: "utf8" });
    this.#bytes = bytes;
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

/** How many bytes `putArguments` writes. */
export function argumentBytes(args: readonly CommandArgument[]): number {
  let bytes = 0;
  for (const arg of args) {
    const length = byteLengthOf(arg);
    bytes += String(length).length + length + 5;
  }
  return bytes;
}

/** Writes arguments as RESP wants them, into room that is there for them. Gives the place behind the last one. */
export function putArguments(block: Buffer, from: number, args: readonly CommandArgument[]): number {
  let at = from;
  for (const arg of args) {
    at += block.write(`$${byteLengthOf(arg)}\r\n`, at, "latin1");
    at += typeof arg === "object" ? arg.copy(block, at) : block.write(String(arg), at);
    at += block.write("\r\n", at, "latin1");
  }
  return at;
}

function byteLengthOf(arg: CommandArgument): number {
  return typeof arg === "object" ? arg.length : Buffer.byteLength(String(arg));
}
