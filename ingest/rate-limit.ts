/** How much one address may send with a public key, in bounded memory. */
import { SluiceError } from "../kernel/errors.ts";

export interface RateLimit {
  /** Throws `rate_limited` while the address has sent too much. Counts nothing. */
  check(address: string): void;
  /** Counts `events` unless it throws as `check` does. */
  take(address: string, events: number): void;
}

export interface RateLimitOptions {
  /** In the long run. */
  readonly eventsPerSecond: number;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  /** Addresses remembered; beyond them the one that has been silent longest starts anew. */
  readonly addressesMax?: number;
}

/** So much of a second's allowance may be used at once. */
const BURST_SECONDS = 10;
const ADDRESSES_MAX = 100_000;

/**
 * A leaking bucket, kept as one number for each address: the instant at which all that it sent would have been sent
 * at the allowed pace (GCRA). What comes is let in while that instant is no further ahead than the burst allows, so
 * a batch is taken whole or not at all, and a large one is paid for by the wait after it.
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { now, addressesMax = ADDRESSES_MAX } = options;
  const msPerEvent = 1000 / options.eventsPerSecond;
  const burstMs = BURST_SECONDS * 1000;
  /** In order of use, the one unused for longest first. */
  const paid = new Map<string, number>();

  function allow(source: string): number {
    const at = now();
    const until = Math.max(paid.get(source) ?? 0, at);
    if (until - at < burstMs) return until;
    throw new SluiceError("rate_limited", "too many events from this address; wait and send them again", {
      retryAfterSeconds: Math.max(1, Math.ceil((until - at - burstMs + msPerEvent) / 1000)),
    });
  }

  return {
    check: (address) => void allow(sourceOf(address)),
    take(address, events) {
      const source = sourceOf(address);
      const until = allow(source) + Math.max(1, events) * msPerEvent;
      paid.delete(source);
      paid.set(source, until);
      if (paid.size > addressesMax) {
        for (const oldest of paid.keys()) {
          paid.delete(oldest);
          break;
        }
      }
    },
  };
}

/** What counts as one sender: an IPv4 address, or the network of 64 bits that one IPv6 subscriber has to himself. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  const groups = tail === undefined ? front : [...front, ...zeros, ...back];
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":");
}
