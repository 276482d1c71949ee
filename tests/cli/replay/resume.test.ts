/** A replay that stops, however it comes to that, goes on where the server's answers ended. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ReplayOptions } from "../../../cli/replay/options.ts";
import { replay } from "../../../cli/replay/run.ts";
import { statePathFor } from "../../../cli/replay/state-file.ts";
import { accepted, startFakeServer, type FakeServer, type Received, type Reply } from "./fake-server.ts";

const LINES = 400;
const PEOPLE = 11;

let dir: string;
let server: FakeServer;
/** What the server answers; changed by tests between runs. */
let answer: (received: Received) => Reply;

const mapping = {
  input: { format: "csv" },
  skip: [{ when: { field: "who", is: "empty" }, reason: "nobody" }],
  events: [{ event: "A", userId: { field: "who" }, timestamp: { value: { field: "at" }, unit: "seconds" } }],
  groups: [
    {
      by: { field: "order" },
      event: "Order",
      userId: { field: "who" },
      timestamp: { value: { field: "at" }, unit: "seconds" },
      keepOpenLines: 5,
      properties: { lines: { count: "lines" } },
    },
  ],
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-resume-"));
  answer = ({ batch }) => accepted(batch);
  server = await startFakeServer((received) => answer(received));
  writeFileSync(join(dir, "mapping.json"), JSON.stringify(mapping));
  writeRows();
});

afterEach(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

function writeRows(change: (line: number, row: string) => string = (_, row) => row): void {
  const rows = Array.from({ length: LINES }, (_, n) => {
    const who = n % 37 === 5 ? "" : `u${n % PEOPLE}`;
    return change(n, `${who},${1_700_000_000 + n},o${Math.floor(n / 4)}`);
  });
  writeFileSync(join(dir, "data.csv"), `who,at,order\n${rows.join("\n")}\n`);
}

class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function run(
  change: Partial<ReplayOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new Sink(), new Sink()];
  const options: ReplayOptions = {
    file: join(dir, "data.csv"),
    mapping: join(dir, "mapping.json"),
    url: server.url,
    key: null,
    batch: 20,
    concurrency: 1,
    speed: null,
    rejects: join(dir, "rejects.ndjson"),
    state: join(dir, "state.json"),
    from: "auto",
    json: false,
  };
  const code = await replay({ ...options, ...change }, { out, err }, signal);
  return { code, out: out.text, err: err.text };
}

/** Refuses the key from a request on, which ends a run. */
function failAfter(requests: number): void {
  const from = server.received.length + requests;
  answer = ({ batch }) => (server.received.length > from ? { status: 401, body: "{}" } : accepted(batch));
}

function ids(received: readonly Received[]): string[] {
  return received.flatMap(({ batch }) => batch.map(({ messageId }) => messageId));
}

/** A whole run to another address, with another position. */
async function allIds(): Promise<string[]> {
  const other = await startFakeServer(({ batch }) => accepted(batch));
  const { code } = await run({ url: other.url, state: null, rejects: null });
  expect(code).toBe(0);
  await other.close();
  return ids(other.received);
}

function setAside(): number {
  return readFileSync(join(dir, "rejects.ndjson"), "utf8").trim().split("\n").length;
}

test("goes on after the last answer, with a message, and removes the position at the end", async () => {
  const all = await allIds();
  failAfter(7);
  const first = await run();
  expect(first.code).toBe(1);
  expect(first.out).toContain("The same command goes on after the 140 events that the server has had.");
  const before = server.received.length - 1;

  answer = ({ batch }) => accepted(batch);
  const second = await run();
  expect(second.code).toBe(0);
  expect(second.err).toContain(`going on after 140 events, from ${join(dir, "state.json")}\n`);
  expect(second.out).toContain(`${all.length} accepted, 0 rejected (140 of these before)`);
  const taken = [...server.received.slice(0, before), ...server.received.slice(before + 1)];
  expect(ids(taken)).toEqual(all);
  expect(existsSync(join(dir, "state.json"))).toBe(false);
  // What was set aside is in the file once, whichever run found it.
  expect(setAside()).toBe(11);
  expect(second.out).toContain("11 set aside");
});

test("a run that was answered for to the end but not finished only ends", async () => {
  const ended = new AbortController();
  const all = await allIds();
  answer = ({ batch }) => {
    if (ids(server.received).length === all.length) ended.abort();
    return accepted(batch);
  };
  expect(await run({}, ended.signal)).toMatchObject({ code: 130 });
  const requests = server.received.length;
  expect(await run()).toMatchObject({ code: 0 });
  expect(server.received).toHaveLength(requests);
});

test("wherever it stops, with any concurrency, each contact's calls arrive once and in their order", async () => {
  const all = await allIds();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(9), { maxLength: 6 }),
      fc.constantFrom(1, 3),
      fc.constantFrom(7, 20),
      async (stops, concurrency, batch) => {
        const begin = server.received.length;
        const refused: Received[] = [];
        for (const stop of [...stops, Infinity]) {
          const from = server.received.length + stop;
          answer = (received) => {
            if (server.received.length <= from) return accepted(received.batch);
            refused.push(received);
            return { status: 401, body: "{}" };
          };
          const { code } = await run({ concurrency, batch });
          if (code === 0) break;
        }
        const taken = ids(server.received.slice(begin).filter((one) => !refused.includes(one)));
        expect(new Set(taken)).toEqual(new Set(all));
        expect(taken).toHaveLength(all.length);
        const byContact = server.received.slice(begin).filter((one) => !refused.includes(one));
        for (let person = 0; person < PEOPLE; person++) {
          const own = byContact.flatMap(({ batch }) => batch.filter(({ userId }) => userId === `u${person}`));
          expect(own.map(({ messageId }) => messageId)).toEqual(
            all.filter((id) => own.some(({ messageId }) => messageId === id)),
          );
        }
      },
    ),
    { numRuns: 25 },
  );
});

test("Ctrl-C ends it with 130 after the answers on their way, and nothing is lost", async () => {
  const all = await allIds();
  const ended = new AbortController();
  answer = ({ batch }) => {
    if (server.received.length === 5) ended.abort();
    return accepted(batch);
  };
  const first = await run({}, ended.signal);
  expect(first.code).toBe(130);
  expect(first.out).toContain("The same command goes on");
  expect(await run()).toMatchObject({ code: 0 });
  expect(ids(server.received)).toEqual(all);
});

test("Ctrl-C ends the waiting for a server that is busy", async () => {
  const ended = new AbortController();
  answer = () => {
    ended.abort();
    return { status: 503, headers: { "retry-after": "60" }, body: "{}" };
  };
  expect(await run({}, ended.signal)).toMatchObject({ code: 130 });
});

describe("a position that doesn't fit", () => {
  beforeEach(async () => {
    failAfter(3);
    await run();
    answer = ({ batch }) => accepted(batch);
  });

  async function refusal(change: Partial<ReplayOptions> = {}): Promise<string> {
    const [requests, state] = [server.received.length, readFileSync(join(dir, "state.json"), "utf8")];
    const { code, err } = await run(change);
    expect(code).toBe(2);
    expect(err).toContain("--restart begins at the start");
    expect(server.received).toHaveLength(requests);
    expect(readFileSync(join(dir, "state.json"), "utf8")).toBe(state);
    return err;
  }

  test("another length of the input", async () => {
    writeFileSync(join(dir, "data.csv"), "u1,1700009999,o9\n", { flag: "a" });
    expect(await refusal()).toMatch(/the input had \d+ bytes then and has \d+ now/);
  });

  test("another content of the same length", async () => {
    writeRows((line, row) => (line === 2 ? row.replace("17000", "17111") : row));
    expect(await refusal()).toContain("the input is not what it was then");
  });

  test("another mapping", async () => {
    writeFileSync(join(dir, "mapping.json"), JSON.stringify({ ...mapping, about: "changed" }));
    expect(await refusal()).toContain("the mapping is another than then");
  });

  test("another server", async () => {
    const other = await startFakeServer(({ batch }) => accepted(batch));
    expect(await refusal({ url: other.url })).toContain(`it is of a replay to ${server.url}`);
    await other.close();
  });

  test("another concurrency", async () => {
    expect(await refusal({ concurrency: 2 })).toContain("--concurrency 1");
  });

  test("something else", async () => {
    writeFileSync(join(dir, "state.json"), '{"format":1}');
    expect(await refusal()).toContain("it is no position of a replay");
  });

  test("--restart begins at the start whatever it is", async () => {
    writeFileSync(join(dir, "state.json"), "what?");
    const before = server.received.length;
    expect(await run({ from: "restart" })).toMatchObject({ code: 0, err: "" });
    expect(ids(server.received.slice(before))).toEqual(await allIds());
    expect(existsSync(join(dir, "state.json"))).toBe(false);
  });
});

test("--resume without a position is wrong use, and sends nothing", async () => {
  expect(await run({ from: "resume" })).toMatchObject({ code: 2, err: expect.stringContaining("nothing to resume") });
  expect(await run({ from: "resume", state: null })).toMatchObject({ code: 2 });
  expect(server.received).toEqual([]);
});

test("a place where no position can be kept is told, and stops nothing", async () => {
  failAfter(3);
  const { code, err, out } = await run({ state: join(dir, "no", "such", "folder") });
  expect(code).toBe(1);
  expect(err).toContain("--state FILE names another place");
  expect(out).not.toContain("The same command goes on");
});

test("each server has a position of its own by default", () => {
  expect(statePathFor("data/a.csv", "http://127.0.0.1:8080")).toBe("data/a.csv.127.0.0.1-8080.replay.json");
  expect(statePathFor("a.csv", "https://sluice.example/")).toBe("a.csv.sluice.example.replay.json");
  expect(statePathFor("a.csv", "http://[::1]:80")).toBe("a.csv.---1-.replay.json");
});

test("what the server refused before is remembered in the exit code", async () => {
  answer = ({ batch }) => ({
    status: 200,
    body: JSON.stringify({
      success: true,
      accepted: batch.length - 1,
      rejected: [{ index: 0, code: "invalid_call", message: "no" }],
    }),
  });
  const good = answer;
  const from = server.received.length + 2;
  answer = (received) => (server.received.length > from ? { status: 401, body: "{}" } : good(received));
  expect(await run()).toMatchObject({ code: 1 });
  answer = ({ batch }) => accepted(batch);
  const { code, out } = await run();
  expect(code).toBe(4);
  expect(out).toContain("2 rejected (40 of these before)");
  expect(setAside()).toBe(13);
});
