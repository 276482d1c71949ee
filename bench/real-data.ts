/** The calls of real data sets, made by the mappings of the examples; see ../shared/data for where they come from. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createMapper, checkColumns } from "../cli/replay/mapper.ts";
import { parseMapping } from "../cli/replay/mapping.ts";
import { openSource } from "../cli/replay/source.ts";

export interface DataSet {
  readonly title: string;
  /** Null where it isn't there. */
  readonly file: string | null;
  readonly missing: string;
  readonly mapping: string;
  /** Text of the model that its example comes with. */
  model(): Promise<string>;
}

const ROOT = path.join(import.meta.dirname, "..");

function dataSet(title: string, home: string, fileName: string, mapping: string, model: string): DataSet {
  const file = path.join(ROOT, "../shared/data", fileName);
  return {
    title,
    file: existsSync(file) ? file : null,
    missing: `${title} is left out: there is no ../shared/data/${fileName}; get it from ${home}.`,
    mapping: path.join(ROOT, "examples", `${mapping}.mapping.json`),
    model: () => readFile(path.join(ROOT, "examples", `${model}.sluice`), "utf8"),
  };
}

export const DATA_SETS: readonly DataSet[] = [
  dataSet(
    "Online Retail",
    "the UCI repository, data set 352",
    "online_retail.csv.gz",
    "online-retail",
    "online-retail",
  ),
  dataSet(
    "Clickstream Data for Online Shopping",
    "the UCI repository, data set 553",
    "eshop_clothing_2008.csv.gz",
    "eshop-clothing",
    "eshop-clothing",
  ),
  dataSet("OTTO sample", "kaggle.com/datasets/otto/recsys-dataset", "otto_sample.jsonl", "otto", "shop"),
];

/** The first calls that the mapping makes of a file, in the file's order. */
export async function readCalls({ file, mapping, missing }: DataSet, most: number): Promise<object[]> {
  if (file === null) throw new Error(missing);
  const parsed = parseMapping(await readFile(mapping, "utf8"));
  const mapper = createMapper(parsed);
  const source = await openSource(file, parsed.input, (columns) => checkColumns(mapper, columns));
  const calls: object[] = [];
  for await (const line of source.lines()) {
    if ("unreadable" in line) continue;
    calls.push(...mapper.take(line.line).calls);
    if (calls.length >= most) return calls.slice(0, most);
  }
  calls.push(...mapper.end().calls);
  return calls.slice(0, most);
}
