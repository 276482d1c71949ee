import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MODULE = path.join(import.meta.dirname, "../../kernel/thread-priority.ts");

/** Nicenesses of all threads of a process of its own, the main one first. */
async function nicenessesAfter(calls: string): Promise<number[]> {
  const script = `
    import { readdirSync, readFileSync } from "node:fs";
    import { giveWay, letHelpersGiveWay } from ${JSON.stringify(MODULE)};
    const field = (tid) => readFileSync("/proc/self/task/" + tid + "/stat", "utf8").split(") ")[1].split(" ")[16];
    const before = Number(field(process.pid));
    ${calls}
    const threads = readdirSync("/proc/self/task").map(Number).sort((a, b) => a - b);
    console.log(JSON.stringify(threads.map((tid) => Number(field(tid)) - before)));
  `;
  const args = ["--import", "tsx", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as number[];
}

test.runIf(process.platform === "linux")("Node's own threads give way, the main one doesn't", async () => {
  const [main, ...helpers] = await nicenessesAfter("letHelpersGiveWay();");
  expect(main).toBe(0);
  expect(helpers.filter((niceness) => niceness > 0).length).toBeGreaterThanOrEqual(4);
});

test.runIf(process.platform === "linux")("a thread that gives way does so alone", async () => {
  const [main, ...helpers] = await nicenessesAfter("giveWay();");
  expect(main).toBeGreaterThan(0);
  expect(helpers.filter((niceness) => niceness > 0)).toEqual([]);
});
