/** What would hold up the end of a server: connections that say nothing, and requests that never come to their end. */
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/** For requests that are being received or answered when the server stops; some wait for as long themselves. */
const PATIENCE_MS = 30_000;

/**
 * Closing the app waits for all connections but those that are between two requests when it begins. This ends at once
 * those that have never said anything, as browsers open them in advance, the others with the answer that is being made
 * on them, and after `patienceMs` whatever is still there.
 */
export function limitClosing(app: FastifyInstance, patienceMs: number = PATIENCE_MS): void {
  const { server } = app;
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  let patience: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    // Counts from when an answer has gone out. Ending what looks idle again and again would cut answers short.
    server.keepAliveTimeout = 1;
    patience = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, patienceMs);
  });
  app.addHook("onClose", async () => clearTimeout(patience));
}
