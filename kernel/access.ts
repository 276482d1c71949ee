/** Who may call: keys compared in constant time, and what counts as this machine where no keys are set. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "./config.ts";
import { SluiceError } from "./errors.ts";

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

/** What is looked at of a request where no keys are set. */
export interface Caller {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: { readonly host?: string | undefined; readonly origin?: string | undefined };
}

/**
 * Without keys only this machine is served, under a name of its own. Throws `forbidden`; `variable` is the one to set
 * for others to be served too.
 */
export function requireThisMachine({ socket, headers }: Caller, variable: "WRITE_KEYS" | "API_KEYS"): void {
  if (!isLoopbackPeer(socket.remoteAddress) || !isLoopbackHost(headers.host)) {
    throw new SluiceError("forbidden", `without ${variable} this server answers only this machine, as localhost`);
  }
  // A foreign page in a browser of this machine reaches us too; the browser says where it comes from.
  const { origin } = headers;
  if (origin !== undefined && !isLoopbackHost(origin.replace(/^[a-z]+:\/\//i, ""))) {
    throw new SluiceError("forbidden", `without ${variable} pages of other sites may not call this server`);
  }
}

/** The user name of HTTP Basic; null where the header is missing or of another scheme. */
export function basicUser(authorization: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/_=-]+) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const [user] = Buffer.from(encoded, "base64").toString("utf8").split(":", 1);
  return user ?? null;
}
