/** Who may send events: holders of a write key, or without keys only this machine. */
import type { FastifyRequest } from "fastify";
import { isLoopbackHost, isLoopbackPeer, keyChecker } from "../kernel/access.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Json } from "../kernel/event.ts";

export interface Gate {
  /** Before the body is read: true where a header has a good key. Throws `forbidden` where none can help. */
  admitsHeaders(request: FastifyRequest): boolean;
  /** Throws `unauthorized` unless the body's `writeKey` is good. */
  admitBody(writeKey: Json | undefined): void;
}

export function createGate(writeKeys: readonly string[]): Gate {
  if (writeKeys.length === 0) return { admitsHeaders: admitLoopback, admitBody: () => undefined };
  const accepts = keyChecker(writeKeys);
  return {
    admitsHeaders({ headers }) {
      const named = headers["x-write-key"];
      if (typeof named === "string" && accepts(named)) return true;
      const user = basicUser(headers.authorization);
      return user !== null && accepts(user);
    },
    admitBody(writeKey) {
      if (typeof writeKey === "string" && accepts(writeKey)) return;
      throw new SluiceError(
        "unauthorized",
        "send a known write key: as the user name of HTTP Basic, as X-Write-Key or as `writeKey` in the body",
      );
    },
  };
}

function admitLoopback(request: FastifyRequest): true {
  if (!isLoopbackPeer(request.socket.remoteAddress) || !isLoopbackHost(request.headers.host)) {
    throw new SluiceError("forbidden", "without WRITE_KEYS this server takes events from this machine only");
  }
  // A foreign page in a browser of this machine reaches us too; the browser says where it comes from.
  const { origin } = request.headers;
  if (origin !== undefined && !isLoopbackHost(origin.replace(/^[a-z]+:\/\//i, ""))) {
    throw new SluiceError("forbidden", "without WRITE_KEYS pages of other sites may not send events");
  }
  return true;
}

/** The user name of HTTP Basic; null where the header is missing or of another scheme. */
function basicUser(authorization: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/_=-]+) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const [user] = Buffer.from(encoded, "base64").toString("utf8").split(":", 1);
  return user ?? null;
}
