import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataDirInUse, lockDataDir } from "../../cli/data-dir-lock.ts";

let dir: string;
let lockFile: string;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), "sluice-lock-")), "data");
  lockFile = join(dir, "server.lock");
});

afterEach(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

test("a second server is refused while the first lives, and told which process has the folder", async () => {
  const first = await lockDataDir(dir);
  const refusal = lockDataDir(dir);
  await expect(refusal).rejects.toThrow(DataDirInUse);
  await expect(refusal).rejects.toThrow(`process ${process.pid}`);
  await expect(refusal).rejects.toThrow("DATA_DIR");
  first.release();
});

test("the folder is free again after a release, and nothing is left in it", async () => {
  const first = await lockDataDir(dir);
  first.release();
  first.release();
  expect(readdirSync(dir)).toEqual([]);
  const second = await lockDataDir(dir);
  second.release();
});

test("the lock of a process that has ended is taken over", async () => {
  const first = await lockDataDir(dir);
  const holder = JSON.parse(readFileSync(lockFile, "utf8")) as object;
  first.release();
  writeFileSync(lockFile, JSON.stringify({ ...holder, began: "another time" }));
  const second = await lockDataDir(dir);
  expect(readFileSync(lockFile, "utf8")).toContain(`"pid":${process.pid}`);
  second.release();
});

test("a lock that nobody can read is taken over", async () => {
  const first = await lockDataDir(dir);
  first.release();
  writeFileSync(lockFile, "{");
  const second = await lockDataDir(dir);
  second.release();
  expect(existsSync(lockFile)).toBe(false);
});

test("of many that find a stale lock at once exactly one gets the folder", async () => {
  const first = await lockDataDir(dir);
  const holder = JSON.parse(readFileSync(lockFile, "utf8")) as object;
  first.release();
  for (let round = 0; round < 20; round++) {
    writeFileSync(lockFile, JSON.stringify({ ...holder, began: "another time" }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDir(dir)));
    const won = results.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    for (const { value } of won) value.release();
  }
});

test("the holder's release leaves a lock alone that is no longer its own", async () => {
  const first = await lockDataDir(dir);
  writeFileSync(lockFile, "somebody else's");
  first.release();
  expect(readFileSync(lockFile, "utf8")).toBe("somebody else's");
});

test("a lock of another host is taken over once it is no longer touched", async () => {
  const first = await lockDataDir(dir);
  const holder = JSON.parse(readFileSync(lockFile, "utf8")) as object;
  first.release();
  writeFileSync(lockFile, JSON.stringify({ ...holder, host: "elsewhere.example" }));
  const second = await lockDataDir(dir);
  expect(readFileSync(lockFile, "utf8")).not.toContain("elsewhere.example");
  second.release();
});
