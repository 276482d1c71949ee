/** Who may send events: holders of a write key or a browser key, or without keys only this machine. */
import { basicUser, keyFinder, requireThisMachine, type Caller } from "../kernel/access.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { Json } from "../kernel/event.ts";

/** `browser`: the key stands in a page for everybody to read, so it may do less. */
export type Sender = "server" | "browser";

/** What is looked at of a request. */
export interface Knocking extends Caller {
  readonly headers: Caller["headers"] & {
    readonly authorization?: string | undefined;
    readonly "x-write-key"?: string | readonly string[] | undefined;
  };
}

export interface Gate {
  /** Before the body is read: the sender where a header has a good key, else null. Throws `forbidden` where none can help. */
  admitHeaders(request: Knocking): Sender | null;
  /** Throws `unauthorized` unless the key, from the body or the path, is good. */
  admitKey(writeKey: Json | undefined): Sender;
}

export function createGate(writeKeys: readonly string[], browserKeys: readonly string[]): Gate {
  if (writeKeys.length + browserKeys.length === 0) {
    return {
      admitHeaders(request) {
        requireThisMachine(request, "WRITE_KEYS");
        return "server";
      },
      admitKey: () => "server",
    };
  }
  const find = keyFinder([...writeKeys, ...browserKeys]);
  const senderWith = (key: string): Sender | null => {
    const place = find(key);
    if (place < 0) return null;
    return place < writeKeys.length ? "server" : "browser";
  };
  return {
    admitHeaders({ headers }) {
      const named = headers["x-write-key"];
      const user = basicUser(headers.authorization);
      // Any one key is enough; of several the one that may do more counts.
      const senders = [typeof named === "string" ? senderWith(named) : null, user === null ? null : senderWith(user)];
      return senders.includes("server") ? "server" : (senders.find((one) => one !== null) ?? null);
    },
    admitKey(writeKey) {
      const sender = typeof writeKey === "string" ? senderWith(writeKey) : null;
      if (sender !== null) return sender;
      throw new SluiceError(
        "unauthorized",
        "send a known write key: as the user name of HTTP Basic, as X-Write-Key or as `writeKey` in the body",
      );
    },
  };
}
