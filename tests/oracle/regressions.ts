/** Failing cases, shrunk, kept as files that are run first from then on. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Case } from "./case.ts";

const FOLDER = new URL("../regressions/", import.meta.url);

export interface Regression {
  readonly file: string;
  readonly case: Case;
}

/** Every kept case, by name of its file. */
export function keptRegressions(): Regression[] {
  mkdirSync(FOLDER, { recursive: true });
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({ file, case: JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Case }));
}

/** Writes the case down and tells the file's name, which follows from the case. */
export function keepRegression(testCase: Case): string {
  mkdirSync(FOLDER, { recursive: true });
  const text = `${JSON.stringify(testCase, null, 2)}\n`;
  const file = `oracle-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.json`;
  writeFileSync(new URL(file, FOLDER), text);
  return file;
}
