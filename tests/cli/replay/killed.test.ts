/** The command as a process that is killed, or told to end. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { statePathFor } from "../../../cli/replay/state-file.ts";
import { runSluice } from "../sluice-process.ts";
import { accepted, startFakeServer, type FakeServer } from "./fake-server.ts";

const LINES = 3_000;

let dir: string;
let file: string;
let server: FakeServer;
/** How long an answer takes, so that there is a middle to stop in. */
let answer_ms: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-killed-"));
  file = join(dir, "calls.ndjson");
  const line = (n: number): string => JSON.stringify({ type: "track", event: "A", userId: `u${n % 9}`, n });
  writeFileSync(file, Array.from({ length: LINES }, (_, n) => `${line(n)}\n`).join(""));
  answer_ms = 40;
  server = await startFakeServer(async ({ batch }) => {
    await pause(answer_ms);
    return accepted(batch);
  });
});

afterEach(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

function start(): ReturnType<typeof runSluice> {
  return runSluice(["replay", file, "--url", server.url, "--batch", "20", "--json"]);
}

function taken(): string[] {
  return server.received.flatMap(({ batch }) => batch.map(({ messageId }) => messageId));
}

test("killed in the middle, it goes on from the position, and no event is missing", async () => {
  const first = start();
  while (!existsSync(statePathFor(file, server.url))) await pause(5);
  first.signal("SIGKILL");
  expect(await first.ended).toMatchObject({ signal: "SIGKILL" });
  const before = taken().length;
  expect(before).toBeLessThan(LINES);

  answer_ms = 0;
  const { code, out, err } = await start().ended;
  expect(code).toBe(0);
  expect(err).toMatch(/going on after \d+ events/);
  const report = JSON.parse(out) as { before: number; accepted: number };
  expect(report.before).toBeGreaterThan(0);
  expect(report.accepted).toBe(LINES);
  expect(new Set(taken()).size).toBe(LINES);
  // Sent twice is what came after the position was written, and no more.
  expect(taken()).toHaveLength(before + LINES - report.before);
});

test("SIGINT ends it with 130 and a position", async () => {
  const first = start();
  while (server.received.length < 3) await pause(5);
  first.signal("SIGINT");
  const { code, out } = await first.ended;
  expect(code).toBe(130);
  expect(JSON.parse(out)).toMatchObject({ finished: false, state: statePathFor(file, server.url) });
  answer_ms = 0;
  expect(await start().ended).toMatchObject({ code: 0 });
  expect(taken()).toHaveLength(LINES);
});
