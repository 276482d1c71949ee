/** Reads a file line by line: CSV or NDJSON, gzipped or not (by its first bytes, whatever its name). Constant memory. */
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { parse, type CsvError } from "csv-parse";
import type { JsonObject } from "../../kernel/event.ts";
import type { Mapping } from "./mapping.ts";
import { isFields, type Line } from "./values.ts";

/** `number` counts from 1: the records of a CSV file without its header, the lines of NDJSON. */
export type SourceLine =
  | { readonly number: number; readonly line: Line }
  /** What can't be read as a line of this format, and why. */
  | { readonly number: number; readonly unreadable: string; readonly raw: string };

export interface Source {
  /** Bytes of the file as it lies on the disk. */
  readonly bytes: number;
  bytesRead(): number;
  /** Ends with an error when the file can't be read to its end, such as a gzip file that was cut off. */
  lines(): AsyncGenerator<SourceLine>;
}

/**
 * @param checkHeader is called with the columns of a CSV file before its first line; what it throws ends the reading.
 */
export async function openSource(
  path: string,
  input: Mapping["input"],
  checkHeader: (columns: readonly string[]) => void,
): Promise<Source> {
  const { size } = await stat(path);
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  const zipped = await isGzip(path);
  // `pipeline` hands an error of the file or of gunzip on to whoever reads the end of it.
  const content: Readable = zipped ? pipeline(file, createGunzip(), () => {}) : file;
  return {
    bytes: size,
    bytesRead: () => file.bytesRead,
    lines: () => (input.format === "csv" ? csvLines(content, input.delimiter ?? ",", checkHeader) : jsonLines(content)),
  };
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

async function* csvLines(
  content: Readable,
  delimiter: string,
  checkHeader: (columns: readonly string[]) => void,
): AsyncGenerator<SourceLine> {
  const unreadable: { reason: string; raw: string }[] = [];
  const parser = pipeline(
    content,
    parse({
      bom: true,
      delimiter,
      skip_empty_lines: true,
      skip_records_with_error: true,
      columns: (header: string[]) => {
        checkHeader(header);
        return header;
      },
      on_skip: (error: CsvError | undefined, raw: string | undefined) => {
        unreadable.push({ reason: reasonOf(error), raw: raw ?? "" });
        return undefined;
      },
    }),
    () => {},
  );
  let number = 0;
  for await (const line of parser as AsyncIterable<JsonObject>) {
    for (const { reason, raw } of unreadable.splice(0)) yield { number: ++number, unreadable: reason, raw };
    yield { number: ++number, line };
  }
  for (const { reason, raw } of unreadable.splice(0)) yield { number: ++number, unreadable: reason, raw };
}

/** The parser's own messages name the line, which would make every reason a different one. */
function reasonOf(error: CsvError | undefined): string {
  switch (error?.code) {
    case "CSV_RECORD_INCONSISTENT_COLUMNS":
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH":
      return "another number of columns than the header";
    case undefined:
      return "not CSV";
    default:
      return `not CSV (${error?.code ?? ""})`;
  }
}

async function* jsonLines(content: Readable): AsyncGenerator<SourceLine> {
  const failed = new Promise<never>((_, reject) => content.once("error", reject));
  // Only there to be raced with: an error after the last line has been taken is told by the loop below.
  failed.catch(() => {});
  const lines = createInterface({ input: content, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  for (let number = 1; ; number++) {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done === true) break;
    if (next.value.trim() === "") continue;
    yield readJson(next.value, number);
  }
  if (content.errored !== null) throw content.errored;
}

function readJson(raw: string, number: number): SourceLine {
  try {
    const line = JSON.parse(raw) as JsonObject;
    if (isFields(line)) return { number, line };
  } catch {
    // Told below, like any other line that is no object.
  }
  return { number, unreadable: "not a JSON object", raw };
}
