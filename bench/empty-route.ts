/** The ceiling of a JSON front end: Fastify routes that parse the same request and do nothing. Prints its URL. */
import Fastify from "fastify";

const app = Fastify({ bodyLimit: 2 * 1024 * 1024 });
app.post("/v1/batch", async (request) => {
  const { batch } = request.body as { batch: unknown[] };
  return { success: true, accepted: batch.length, rejected: [] };
});
app.post("/v1/track", async () => ({ success: true }));
app.get("/v1/contacts/:id/segments", async () => ({ segments: [] }));
console.log(await app.listen({ port: 0, host: "127.0.0.1" }));
process.once("SIGTERM", () => void app.close());
