/**
 * Notices a connection that is dead without having been closed (a half-open one): it owes a reply and nothing comes.
 *
 * A timer alone can't tell this. While a thread computes for seconds, replies wait in the socket unread, and when it is
 * done its timers fire first. So a look is taken only after what has arrived was read, and a silence counts as such
 * only after several looks: however long the thread was busy, that is one look.
 */
import type { Redis } from "ioredis";

const LOOKS = 4;

/** Closes the connection, which makes all that it owes fail, after `ms` to 1.25 `ms` of silence. For all its life. */
export function endAtSilence(redis: Redis, ms: number): void {
  let stream: Redis["stream"] | null = null;
  let heard = 0;
  let looks = 0;
  const look = (): void => {
    const present = redis.stream as Redis["stream"] | undefined;
    if (present === undefined || present.destroyed || redis.commandQueue.length === 0) {
      stream = null;
      return;
    }
    if (present !== stream || present.bytesRead !== heard) {
      stream = present;
      heard = present.bytesRead;
      looks = 0;
      return;
    }
    looks++;
    if (looks < LOOKS) return;
    stream = null;
    present.destroy(new Error(`Socket timeout: a reply is owed, and nothing came for ${ms} ms`));
  };
  // Immediates run after sockets were read.
  const timer = setInterval(() => setImmediate(look), ms / LOOKS);
  timer.unref();
  redis.once("end", () => clearInterval(timer));
}
