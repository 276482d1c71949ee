import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { hasEnded, processorName } from "../../cli/processor-name.ts";

const linux = existsSync("/proc/self/ns/pid");

test("a process that runs has not ended, nor has one that can't be looked up", () => {
  expect(processorName()).not.toContain(":");
  expect(hasEnded(processorName())).toBe(false);
  expect(hasEnded(`${processorName()}-0a1b2c3d`)).toBe(false);
  expect(hasEnded("host-1-0a1b2c3d")).toBe(false);
  expect(hasEnded("host-99999999-0123456789abcdef_1-0a1b2c3d")).toBe(false);
});

test.runIf(linux)("a process is known to have ended when it is gone, and when its pid is another one's", async () => {
  const [, own = "", place = "", began = ""] = /-(\d+)-([0-9a-f]+)_(\d+)$/.exec(processorName()) ?? [];
  const named = (pid: number | string, ticks: number | string): string => `host-${pid}-${place}_${ticks}-0a1b2c3d`;
  expect(hasEnded(named(own, began))).toBe(false);
  expect(hasEnded(named(own, Number(began) - 1))).toBe(true);
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await once(child, "exit");
  expect(hasEnded(named(child.pid ?? 0, began))).toBe(true);
});
