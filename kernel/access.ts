/** Who may call: keys compared in constant time, and what counts as this machine where no keys are set. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "./config.ts";

/**
 * The place of a presented key among the known ones, -1 for a key that is none of them. Digests of equal length are
 * compared, and all of them each time, so that the time taken tells neither a prefix nor which key it was.
 */
export function keyFinder(keys: readonly string[]): (given: string) => number {
  const digests = keys.map(digest);
  return (given) => {
    const wanted = digest(given);
    let found = -1;
    digests.forEach((known, place) => {
      if (timingSafeEqual(known, wanted)) found = place;
    });
    return found;
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The address of the other end of a socket, IPv4 inside IPv6 included. */
export function isLoopbackPeer(address: string | undefined): boolean {
  return address !== undefined && isLoopback(address.replace(/^::ffff:/i, ""));
}

/**
 * A `Host` header, or the authority of an `Origin`, that names this machine. A page of somebody else's whose name was
 * pointed here (DNS rebinding) still says its own name.
 */
export function isLoopbackHost(header: string | undefined): boolean {
  if (header === undefined) return false;
  const host = header.replace(/:\d+$/, "").toLowerCase();
  return isLoopback(host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host);
}
