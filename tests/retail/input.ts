/** The real data of a comparison, what goes with it, and what to do when its file isn't there. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A file of events from life, and the same questions about it in two languages. */
export interface RealInput {
  /** What the file is called at its public home, for whoever has to get it. */
  readonly title: string;
  readonly csvFile: string;
  readonly mappingFile: string;
  readonly modelFile: string;
  /** The folder of facts.sql, points.sql, values.sql and segments.sql, with a slash at its end. */
  readonly scripts: URL;
  /** DISTINCT_MAX: above the most distinct values of any contact. */
  readonly distinctMax: number;
}

/** @param name of the mapping and the model in the examples. */
export function realInput(title: string, dataFile: string, name: string, scripts: URL, distinctMax: number): RealInput {
  return {
    title,
    csvFile: fileURLToPath(new URL(`../../../shared/data/${dataFile}`, import.meta.url)),
    mappingFile: fileURLToPath(new URL(`../../examples/${name}.mapping.json`, import.meta.url)),
    modelFile: fileURLToPath(new URL(`../../examples/${name}.sluice`, import.meta.url)),
    scripts,
    distinctMax,
  };
}

export const RETAIL = realInput(
  '"Online Retail", data set 352 of the UCI repository',
  "online_retail.csv.gz",
  "online-retail",
  new URL("./", import.meta.url),
  2_000,
);

/** Whether to skip; in CI, where the file belongs, its absence is a failure that the test itself meets. */
export function skipWithoutFile({ csvFile, title }: RealInput): boolean {
  if (existsSync(csvFile)) return false;
  if (process.env["CI"] === "true") throw new Error(`${csvFile} is missing, and this test must run in CI`);
  process.stderr.write(`skipped: there is no ${csvFile}; get ${title}\n`);
  return true;
}
