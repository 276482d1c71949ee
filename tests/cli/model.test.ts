/** The commands that change a model, against the real routes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startHarness, type QueryHarness } from "../query/harness.ts";
import { sluice, type Ran } from "./run.ts";

let harness: QueryHarness;
let url: string;
let dir: string;
let file: string;

beforeAll(async () => {
  harness = await startHarness();
  const app = await harness.app();
  url = await app.listen({ port: 0, host: "127.0.0.1" });
  dir = mkdtempSync(join(tmpdir(), "sluice-model-"));
  file = join(dir, "shop.sluice");
});

afterAll(async () => {
  await harness.close();
  rmSync(dir, { recursive: true, force: true });
});

function model(...args: string[]): Promise<Ran> {
  return sluice(["model", ...args, "--url", url]);
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out } = await model(...args, "--json");
  expect(code).toBe(0);
  return JSON.parse(out) as Record<string, unknown>;
}

const first = 'segment "a" = known\nsegment "b" = score > 1\nscore +1 on page\n';
const second = 'segment "a" = known\nsegment "b" = score > 2\nsegment "c" = score > 3\nscore +1 on page\n';
const third = 'segment "a" = known\n';

test("a model's life: empty, put, compared, changed, listed, put back", async () => {
  expect(await model("get")).toEqual({ code: 0, out: "", err: "" });
  expect((await model("versions")).out).toBe("No model has been put yet.\n");

  writeFileSync(file, first);
  const put = await model("put", file);
  expect(put).toMatchObject({ code: 0, err: "" });
  expect(put.out).toContain(`${file} against an empty model:\n  + "a" is new\n  + "b" is new\n`);
  expect(put.out).toContain("It is version 1 now: 2 segments");
  expect((await model("get")).out).toBe(first);
  expect((await model("put", file)).out).toContain("says the same as version 1, which is in use: nothing changes.\n");

  writeFileSync(file, second);
  const diff = await model("diff", file);
  expect(diff.code).toBe(0);
  expect(diff.out).toContain(
    `${file} against version 1:\n` +
      '  + "c" is new\n' +
      '  ~ "b" means something else and is built again\n' +
      "  = 1 segment as before\n",
  );
  expect(diff.out).toContain(`To put it: sluice model put ${file} --if-version 1\n`);
  expect((await model("get")).out).toBe(first);
  expect(await json("diff", file)).toMatchObject({
    against: 1,
    same: false,
    changes: { added: ["c"], removed: [], kept: ["a"], rebuilt: ["b"] },
  });

  expect(await json("put", file, "--if-version", "1")).toMatchObject({ version: 2, before: 1, same: false });
  expect(await json("get")).toEqual({ version: 2, source: second });
  expect(await json("get", "1")).toMatchObject({ version: 1, by: expect.any(String), source: first });

  const rollback = await model("rollback", "1");
  expect(rollback.out).toContain('version 1 against version 2:\n  - "c" goes\n');
  expect(rollback.out).toContain("It is version 3 now");
  expect((await model("get")).out).toBe(first);
  const versions = await json("versions", "--limit", "2");
  expect(versions).toMatchObject({ versions: [{ version: 3 }, { version: 2 }], next: expect.any(String) });
  const table = (await model("versions", "--limit", "2")).out;
  expect(table).toMatch(/^VERSION\s+SINCE\s+BY\s+BYTES\n\s+3 {2}\d{4}-/);
  expect(table).toContain("There are older ones: --limit shows more.");
});

test("another's change in between is not overwritten, unless by --force", async () => {
  writeFileSync(file, third);
  const { version } = await json("get");
  const stale = await model("put", file, "--if-version", String(Number(version) - 1));
  expect(stale).toMatchObject({ code: 1, out: "" });
  expect(stale.err).toContain(`the model is at version ${String(version)}, not ${Number(version) - 1}`);
  expect(stale.err).toContain("--force puts it over whatever is there\n");
  expect(await json("get")).toMatchObject({ version });
  expect(await json("put", file, "--if-version", "0", "--force")).toMatchObject({ version: Number(version) + 1 });
});

test("mistakes are shown in their places, from a file, a pipe or an earlier version", async () => {
  writeFileSync(file, 'segment "a" = in segment "nope"\n');
  for (const command of ["diff", "put"]) {
    const { code, out, err } = await model(command, file);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(`${file}:1:26: unknown segment "nope"\n  segment "a" = in segment "nope"\n`);
    const inJson = await model(command, file, "--json");
    expect(inJson).toMatchObject({ code: 1, err: "" });
    expect(JSON.parse(inJson.out)).toMatchObject({
      error: { code: "invalid_model" },
      diagnostics: [{ line: 1, column: 26, length: 6 }],
    });
  }
  const piped = await sluice(["model", "put", "-", "--url", url], "segment\n");
  expect(piped.code).toBe(1);
  expect(piped.err).toContain("<stdin>:1:");
});

test("a version that there is not ends with 1, a file that there is not with 2", async () => {
  expect(await model("rollback", "99")).toMatchObject({ code: 1, err: "there is no version 99 of the model\n" });
  expect(await model("get", "99")).toMatchObject({ code: 1 });
  expect(await model("put", join(dir, "none"))).toMatchObject({ code: 2, err: expect.stringContaining("ENOENT") });
  expect(await model("diff", join(dir, "none"), "--json")).toMatchObject({ code: 2, err: "" });
});
