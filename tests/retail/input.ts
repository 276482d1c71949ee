/** Where the shop's file and what goes with it lie, and what to do when the file isn't there. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const CSV_FILE = fileURLToPath(new URL("../../../shared/data/online_retail.csv.gz", import.meta.url));
export const MODEL_FILE = fileURLToPath(new URL("../../examples/online-retail.sluice", import.meta.url));
export const MAPPING_FILE = fileURLToPath(new URL("../../examples/online-retail.mapping.json", import.meta.url));

/** Whether to skip; in CI, where the file belongs, its absence is a failure that the test itself meets. */
export function skipWithoutFile(): boolean {
  if (existsSync(CSV_FILE)) return false;
  if (process.env["CI"] === "true") throw new Error(`${CSV_FILE} is missing, and this test must run in CI`);
  process.stderr.write(`skipped: there is no ${CSV_FILE}; get "Online Retail", data set 352 of the UCI repository\n`);
  return true;
}
