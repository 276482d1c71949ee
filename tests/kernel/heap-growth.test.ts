import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const execute = promisify(execFile);
const MODULE = path.join(import.meta.dirname, "../../kernel/heap-growth.ts");

test("this V8 knows the flag: of one that it doesn't know it only says so", async () => {
  const script = `
    import { setFlagsFromString } from "node:v8";
    import { letHeapsGrow } from ${JSON.stringify(MODULE)};
    if (process.argv[1] === "unknown") setFlagsFromString("--heap-growing-nonsense=1");
    else letHeapsGrow();
    console.log("ran");
  `;
  const run = (how: string): ReturnType<typeof execute> =>
    execute(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script, how]);
  expect(await run("known")).toEqual({ stdout: "ran\n", stderr: "" });
  expect((await run("unknown")).stderr).not.toBe("");
});
