import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createProgress } from "../../../cli/replay/progress.ts";
import type { ReplayOptions } from "../../../cli/replay/options.ts";
import { replay } from "../../../cli/replay/run.ts";
import { accepted, startFakeServer, type FakeServer } from "./fake-server.ts";

let dir: string;
let server: FakeServer;
const mapping = {
  input: { format: "csv" },
  skip: [{ when: { field: "who", is: "empty" }, reason: "nobody" }],
  events: [{ event: "A", userId: { field: "who" }, timestamp: { value: { field: "at" } } }],
};
const rows = "who,at\nu1,2026-01-01\n,2026-01-01\nu2,soon\nu3,2026-01-03\n,2026-01-04\nu4,2026-01-04,more\n";

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-replay-"));
  server = await startFakeServer(({ batch }) => accepted(batch));
  writeFileSync(join(dir, "mapping.json"), JSON.stringify(mapping));
  writeFileSync(join(dir, "data.csv"), rows);
});

afterEach(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

class Sink extends Writable {
  text = "";
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function run(change: Partial<ReplayOptions> = {}): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new Sink(), new Sink()];
  const options: ReplayOptions = {
    file: join(dir, "data.csv"),
    mapping: join(dir, "mapping.json"),
    url: server.url,
    key: null,
    batch: 500,
    concurrency: 1,
    speed: null,
    rejects: join(dir, "rejects.ndjson"),
    state: join(dir, "state.json"),
    from: "auto",
    json: false,
  };
  const code = await replay({ ...options, ...change }, { out, err }, new AbortController().signal);
  return { code, out: out.text, err: err.text };
}

test("sends what fits, keeps the rest with its reasons, and counts both", async () => {
  const { code, out, err } = await run();
  expect(code).toBe(0);
  expect(server.received.flatMap(({ batch }) => batch.map(({ userId }) => userId))).toEqual(["u1", "u3"]);
  expect(out.replace(/[\d.]+ s\n/, "… s\n").replace(/\([\d,]+\/s\)/, "(…/s)")).toBe(`data.csv: 6 records read in … s
2 events made (…/s), 2 accepted, 0 rejected
4 set aside, kept in ${join(dir, "rejects.ndjson")}:
  2  nobody
  1  another number of columns than the header
  1  the timestamp can't be read
`);
  expect(err).toBe("");
  const kept = readFileSync(join(dir, "rejects.ndjson"), "utf8").trim().split("\n");
  expect(kept).toHaveLength(4);
  expect(kept.map((line) => JSON.parse(line) as unknown)).toContainEqual({
    record: expect.any(Number),
    reason: "nobody",
    content: { who: "", at: "2026-01-01" },
  });
});

test("only counts them when nothing is to be kept", async () => {
  const { code, out } = await run({ rejects: null });
  expect(code).toBe(0);
  expect(out).toContain("4 set aside:\n");
  expect(existsSync(join(dir, "rejects.ndjson"))).toBe(false);
});

test("ends with 4 when the server refused events", async () => {
  await server.close();
  server = await startFakeServer(() => ({
    status: 200,
    body: '{"success":true,"accepted":1,"rejected":[{"index":0,"code":"invalid_call","message":"no"}]}',
  }));
  const { code, out } = await run();
  expect(code).toBe(4);
  expect(out).toContain("1  invalid_call: no");
});

describe("wrong use ends with 2 and says what is wrong", () => {
  test("a mapping that is not there", async () => {
    expect(await run({ mapping: join(dir, "none.json") })).toMatchObject({
      code: 2,
      err: expect.stringContaining("ENOENT"),
    });
  });

  test("a mapping with a mistake", async () => {
    writeFileSync(join(dir, "mapping.json"), '{"input":{}}');
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining("mapping.json: input.format: must be") });
  });

  test("a file that is not there", async () => {
    expect(await run({ file: join(dir, "none.csv") })).toMatchObject({
      code: 2,
      err: expect.stringContaining("can't be read"),
    });
  });

  test("a column that the file does not have", async () => {
    writeFileSync(join(dir, "data.csv"), "a,b\n1,2\n");
    const { code, err } = await run();
    expect(code).toBe(2);
    expect(err).toContain('the mapping reads "who", "at", but the file\'s columns are "a", "b"');
  });
});

test("a server that refuses the key ends it with 1", async () => {
  await server.close();
  server = await startFakeServer(() => ({ status: 401, body: "{}" }));
  expect(await run()).toMatchObject({ code: 1, err: expect.stringContaining("--key") });
});

test("a file for lines set aside that can't be written ends it with 1", async () => {
  const { code, err } = await run({ rejects: join(dir, "no", "such", "folder") });
  expect(code).toBe(1);
  expect(err).toContain("--rejects");
});

test("without a mapping the lines are calls as they are", async () => {
  const lines = [
    { type: "page", messageId: "p1", anonymousId: "a", name: "Home" },
    { type: "identify", userId: "u", traits: { email: "u@example.com" } },
    { type: "visit", userId: "u" },
    { event: "A", userId: "u" },
  ];
  const file = join(dir, "calls.ndjson");
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const { code, out } = await run({ file, mapping: null });
  expect(code).toBe(0);
  expect(server.received[0]?.batch).toEqual([
    lines[0],
    { ...lines[1], messageId: expect.stringMatching(/^[\w-]{22}$/) },
  ]);
  expect(out).toContain("2  the line is no call of the API");
});

test("without a mapping a file of anything else is wrong use", async () => {
  const { code, err } = await run({ mapping: null });
  expect(code).toBe(2);
  expect(err).toContain("a mapping says what other lines mean");
  expect(server.received).toEqual([]);
});

test("--json tells what came of it in one document", async () => {
  const { code, out } = await run({ json: true });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    file: join(dir, "data.csv"),
    finished: true,
    records: 6,
    events: 2,
    seconds: expect.any(Number),
    accepted: 2,
    rejected: 0,
    before: 0,
    aside: {
      total: 4,
      file: join(dir, "rejects.ndjson"),
      reasons: [
        { reason: "nobody", count: 2 },
        { reason: "another number of columns than the header", count: 1 },
        { reason: "the timestamp can't be read", count: 1 },
      ],
    },
    state: null,
  });
  const wrong = await run({ json: true, mapping: join(dir, "none.json") });
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.out)).toEqual({ error: { code: "usage", message: expect.stringContaining("ENOENT") } });
});

describe("progress", () => {
  test("is a bar on a terminal, with rate and time left, and notes stand above it", () => {
    const screen = new Sink(true);
    const progress = createProgress(screen, 1000);
    progress.update(250, 5000);
    progress.note("the server is away");
    progress.update(1000, 20_000);
    progress.stop();
    expect(screen.text).toMatch(/100%\s+20,000 events\s+[\d,]+ events\/s/);
    expect(screen.text).toContain("the server is away\n");
  });

  test("elsewhere says nothing in the first seconds but notes", () => {
    const screen = new Sink();
    const progress = createProgress(screen, 1000);
    progress.update(250, 5000);
    progress.note("the server is away");
    progress.stop();
    expect(screen.text).toBe("the server is away\n");
  });
});
