import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { demo, type DemoOptions } from "../../../cli/demo/run.ts";
import type { Call } from "../../../cli/replay/call.ts";
import { sluice, Sink, startFakeApi, type FakeApi } from "../run.ts";

let dir: string;
let api: FakeApi;
/** The index of an event in its batch that the server refuses. */
let refused: number | null;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-demo-"));
  refused = null;
  api = await startFakeApi(({ path, body }) => {
    if (path === "/healthz") return { body: { alive: true } };
    const { batch } = JSON.parse(body) as { batch: Call[] };
    const rejected = refused === null ? [] : [{ index: refused, code: "not_supported", message: "not yet" }];
    return { body: { success: true, accepted: batch.length - rejected.length, rejected } };
  });
});

afterEach(async () => {
  await api.close();
  rmSync(dir, { recursive: true, force: true });
});

const END = "2026-06-15T15:00:00Z";
const SMALL = ["--contacts", "10", "--past", "30d", "--until", END];

function sent(): Call[] {
  return api.asked
    .filter(({ path }) => path === "/v1/batch")
    .flatMap(({ body }) => (JSON.parse(body) as { batch: Call[] }).batch);
}

function callsIn(text: string): Call[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Call);
}

test("sends the same events that it writes to a file or to standard output", async () => {
  const file = join(dir, "clicks.ndjson");
  const written = await sluice(["demo", ...SMALL, "--out", file]);
  expect(written.code).toBe(0);
  expect(written.out).toContain(`written to ${file}\nsluice replay ${file} sends them.\n`);
  const calls = callsIn(readFileSync(file, "utf8"));
  expect(calls.length).toBeGreaterThan(100);

  const piped = await sluice(["demo", ...SMALL, "--out", "-", "--json"]);
  expect(callsIn(piped.out)).toEqual(calls);
  expect(JSON.parse(piped.err)).toMatchObject({ finished: true, events: calls.length, file: "-" });

  const { code, out } = await sluice(["demo", ...SMALL, "--url", api.url, "--key", "k"]);
  expect(code).toBe(0);
  expect(out).toContain(`${calls.length} events of 10 contacts`);
  expect(sent()).toEqual(calls);
  expect(api.asked.at(-1)?.headers.authorization).toBe(`Basic ${btoa("k:")}`);
});

test("the file can be replayed without a mapping", async () => {
  const file = join(dir, "clicks.ndjson");
  await sluice(["demo", ...SMALL, "--out", file]);
  expect(await sluice(["replay", file, "--url", api.url])).toMatchObject({ code: 0 });
  expect(sent()).toEqual(callsIn(readFileSync(file, "utf8")));
  expect(existsSync(`${file}.rejected.ndjson`)).toBe(false);
});

test("a file can have a future too, without waiting for it", async () => {
  const { out } = await sluice(["demo", ...SMALL, "--past", "0", "--for", "1h", "--out", "-"]);
  const times = callsIn(out).map(({ timestamp }) => Date.parse(timestamp));
  const end = Date.parse(END);
  expect(times.length).toBeGreaterThan(1_000);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(end);
  expect(Math.max(...times)).toBeLessThanOrEqual(end + 3_600_000);
});

test("real time goes on for as long as it should, from now on", async () => {
  const { code } = await sluice(["demo", "--past", "0", "--for", "300ms", "--rate", "500", "--url", api.url]);
  expect(code).toBe(0);
  const times = sent().map(({ timestamp }) => Date.parse(timestamp));
  expect(times.length).toBeGreaterThan(10);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(300);
});

const OPTIONS: Omit<DemoOptions, "url"> = {
  key: null,
  contacts: 10,
  seed: 1,
  past_ms: 30 * 86_400_000,
  until: Date.parse(END),
  speed: null,
  live_ms: 0,
  rate: 5,
  companies: false,
  file: null,
  json: false,
};

/** Interrupts it when the server has had something. */
async function interrupted(change: Partial<DemoOptions>): Promise<number> {
  const ended = new AbortController();
  const watching = setInterval(() => sent().length > 0 && ended.abort(), 5);
  try {
    const streams = { out: new Sink(), err: new Sink() };
    return await demo({ ...OPTIONS, url: api.url, ...change }, streams, ended.signal);
  } finally {
    clearInterval(watching);
  }
}

test("Ctrl-C is how real time ends, and cuts the past short", async () => {
  expect(await interrupted({ past_ms: 0, live_ms: Infinity, rate: 100 })).toBe(0);
  expect(await interrupted({ speed: 1_000 })).toBe(130);
});

test("what the server refuses is told, with the first reason, and ends with 4", async () => {
  refused = 0;
  const { code, out } = await sluice(["demo", ...SMALL, "--url", api.url, "--companies"]);
  expect(code).toBe(4);
  expect(out).toContain("rejected (not_supported: not yet)");
});

test("a file that can't be written is wrong use", async () => {
  const { code, err } = await sluice(["demo", ...SMALL, "--out", join(dir, "no", "such", "folder")]);
  expect(code).toBe(2);
  expect(err).toContain("can't be written: ENOENT");
});
