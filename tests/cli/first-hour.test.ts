/** The commands one after the other as a newcomer types them, against a real server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SegmentInfo } from "../../cli/segments.ts";
import { sluice, type Ran } from "./run.ts";
import { startSluice } from "./sluice-process.ts";

let dir: string;
let server: Awaited<ReturnType<typeof startSluice>>;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-hour-"));
  // A year has its biggest buyers only after a while, and a day its visitors: with the events' clock both are chosen.
  server = await startSluice({ DATA_DIR: dir, CLOCK: "event", PARTITIONS: "4" }, ["--example"]);
});

afterAll(async () => {
  server.signal("SIGTERM");
  await server.ended;
  rmSync(dir, { recursive: true, force: true });
});

function type(...args: string[]): Promise<Ran> {
  return sluice([...args, "--url", server.url]);
}

async function settle(): Promise<void> {
  const { ok } = await fetch(`${server.url}/v1/settle`, { method: "POST" });
  expect(ok).toBe(true);
}

test("the demo fills every segment of the example, and every command has something to show", async () => {
  const sent = await type("demo", "--contacts", "100", "--until", "2026-06-15T15:00:00Z");
  expect(sent).toMatchObject({ code: 0, err: "" });
  expect(sent.out).toContain("0 rejected");
  await settle();
  const { segments } = JSON.parse((await type("segments", "--json")).out) as { segments: SegmentInfo[] };
  expect(segments.length).toBeGreaterThan(10);
  expect(segments.filter(({ size }) => size === null || size === 0).map(({ name }) => name)).toEqual([]);

  expect((await type("segments")).out).toMatch(/^buyers +dynamic +\d+ +\d+ {2}ready$/m);
  expect((await type("contact", "u1")).out).toMatch(/segments +buyers/);
  const query = await type("query", 'in segment "hot leads"', "--order", "score", "--fields", "id,score,stage,tags");
  expect(query).toMatchObject({ code: 0, err: "" });
  expect(query.out).toMatch(/^u\d+ +\d+ {2}lead/m);
});

test("a model is changed while the server runs, and a segment of one's own is watched", async () => {
  const { out: source } = await type("model", "get");
  const file = join(dir, "my.sluice");
  writeFileSync(file, `${source}\nsegment "mine" = did("Order Completed" where coupon = "FRIEND")\n`);
  expect((await type("model", "diff", file)).out).toContain('+ "mine" is new');
  expect(await type("model", "put", file)).toMatchObject({ code: 0 });

  const watching = type("watch", "mine", "--every", "20ms", "--for", "20s", "--json");
  const order = { type: "track", userId: "u1", event: "Order Completed", properties: { coupon: "FRIEND" } };
  const calls = join(dir, "calls.ndjson");
  writeFileSync(calls, `${JSON.stringify({ ...order, timestamp: "2026-06-15T16:00:00Z" })}\n`);
  expect(await type("replay", calls, "--no-state")).toMatchObject({ code: 0 });
  await settle();
  expect((await type("query", 'in segment "mine"')).out).toContain("1 contact, found");
  const { code, out } = await watching;
  expect(code).toBe(0);
  const looks = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { size: number | null; state: string });
  expect(looks.at(-1)).toMatchObject({ size: 1, state: "ready" });

  expect(await type("model", "rollback", "1")).toMatchObject({ code: 0 });
  await settle();
  expect(await type("segments", "mine")).toMatchObject({ code: 1, err: 'the model has no segment "mine"\n' });
});
