/** Who may query: holders of an API key, or without keys only this machine. */
import { keyFinder, requireThisMachine, type Caller } from "../kernel/access.ts";
import { SluiceError } from "../kernel/errors.ts";

/** Names the caller for what is written down about changes: `api`, or `api key 2` for the second of API_KEYS. */
export type Guard = (request: Asking) => string;

/** What is looked at of a request. */
export interface Asking extends Caller {
  readonly headers: Caller["headers"] & { readonly authorization?: string | undefined };
}

/** Throws `unauthorized` or `forbidden` unless the request may be answered. */
export function createGuard(apiKeys: readonly string[]): Guard {
  if (apiKeys.length === 0) {
    return (request) => {
      requireThisMachine(request, "API_KEYS");
      return "api";
    };
  }
  const find = keyFinder(apiKeys);
  return (request) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
    if (given === undefined) {
      throw new SluiceError("unauthorized", "send an API key: Authorization: Bearer KEY");
    }
    const place = find(given);
    if (place < 0) throw new SluiceError("unauthorized", "the API key is unknown");
    return `api key ${place + 1}`;
  };
}
