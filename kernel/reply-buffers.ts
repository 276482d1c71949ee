/**
 * Replies of one connection read into blocks of memory that are used again. A socket otherwise makes a new buffer for
 * whatever it reads, and V8 marks the whole heap each time that 64 MB of new ones have come, however small the heap and
 * however short their lives: on a connection that reads streams as fast as they can be worked off, several times a second.
 *
 * So what such a reply holds is valid only until its reader says that it is done with it, by `release`.
 */
import { createConnection, type Socket } from "node:net";
import { AbstractConnector } from "ioredis";

const BLOCK_BYTES = 512 * 1024;
/** A read gets at least so much room. */
const READ_BYTES_MIN = 64 * 1024;
/** Blocks kept for later. */
const FREE_MAX = 32;

export class ReplyBuffers {
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  /** Full ones, which replies may still lie in. */
  readonly #full: Buffer<ArrayBuffer>[] = [];
  readonly #free: Buffer<ArrayBuffer>[] = [];

  /** Where the next read is to go. */
  room(): Buffer {
    if (BLOCK_BYTES - this.#used < READ_BYTES_MIN) {
      this.#full.push(this.#block);
      this.#block = this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#used = 0;
    }
    return this.#block.subarray(this.#used);
  }

  /** What was read into the last room. */
  take(bytes: number): Buffer {
    const begin = this.#used;
    this.#used += bytes;
    return this.#block.subarray(begin, this.#used);
  }

  /** Nobody needs anything any more of the replies that have come so far, and none is on its way. */
  release(): void {
    for (const block of this.#full) if (this.#free.length < FREE_MAX) this.#free.push(block);
    this.#full.length = 0;
  }
}

/** What ioredis connects with, of a server at a host and port without TLS. */
export function connectorInto(buffers: ReplyBuffers): new (options: unknown) => AbstractConnector {
  return class extends AbstractConnector {
    readonly #host: string;
    readonly #port: number;

    constructor(options: unknown) {
      const { host, port, disconnectTimeout } = options as { host: string; port: number; disconnectTimeout: number };
      super(disconnectTimeout);
      this.#host = host;
      this.#port = port;
    }

    // The caller looks at `connecting` and `stream` only after a turn of its own.
    override connect(): Promise<Socket> {
      this.connecting = true;
      return new Promise((resolve, reject) => {
        process.nextTick(() => {
          if (!this.connecting) {
            reject(new Error("Connection is closed."));
            return;
          }
          const socket: Socket = createConnection({
            host: this.#host,
            port: this.#port,
            onread: {
              buffer: () => buffers.room(),
              callback: (bytes) => {
                socket.emit("data", buffers.take(bytes));
                return true;
              },
            },
          });
          socket.once("error", (error: Error) => {
            this.firstError = error;
          });
          this.stream = socket;
          resolve(socket);
        });
      });
    }
  };
}
