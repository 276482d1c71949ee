/** Who may query: holders of an API key, or without keys only this machine. */
import type { FastifyRequest } from "fastify";
import { isLoopbackHost, isLoopbackPeer, keyChecker } from "../kernel/access.ts";
import { SluiceError } from "../kernel/errors.ts";

/** Throws unless the request may be answered. */
export function createGuard(apiKeys: readonly string[]): (request: FastifyRequest) => void {
  if (apiKeys.length === 0) return loopbackOnly;
  const accepts = keyChecker(apiKeys);
  return (request) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
    if (given === undefined) {
      throw new SluiceError("unauthorized", "send an API key: Authorization: Bearer KEY");
    }
    if (!accepts(given)) throw new SluiceError("unauthorized", "the API key is unknown");
  };
}

function loopbackOnly(request: FastifyRequest): void {
  if (!isLoopbackPeer(request.socket.remoteAddress) || !isLoopbackHost(request.headers.host)) {
    throw new SluiceError("forbidden", "without API_KEYS this server answers this machine only");
  }
  // A foreign page in a browser of this machine reaches us too; the browser says where it comes from.
  const { origin } = request.headers;
  if (origin !== undefined && !isLoopbackHost(origin.replace(/^[a-z]+:\/\//i, ""))) {
    throw new SluiceError("forbidden", "without API_KEYS pages of other sites may not call this server");
  }
}
