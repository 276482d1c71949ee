import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSource, type SourceLine } from "../../../cli/replay/source.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-source-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function read(content: string | Buffer, format: "csv" | "ndjson", delimiter?: string): Promise<SourceLine[]> {
  const path = join(dir, "file");
  writeFileSync(path, content);
  const input = delimiter === undefined ? { format } : { format, delimiter };
  const source = await openSource(path, input, () => {});
  const lines: SourceLine[] = [];
  for await (const line of source.lines()) lines.push(line);
  expect(source.bytesRead()).toBe(source.bytes);
  return lines;
}

test("a CSV file's cells are read by the names of its columns", async () => {
  expect(await read('a,b\n1,"x, ""y""\n z"\n\n2,\n', "csv")).toEqual([
    { number: 1, line: { a: "1", b: 'x, "y"\n z' } },
    { number: 2, line: { a: "2", b: "" } },
  ]);
});

test("another delimiter, a mark of byte order and Windows' line ends are fine", async () => {
  expect(await read("\uFEFFa;b\r\n1;2\r\n", "csv", ";")).toEqual([{ number: 1, line: { a: "1", b: "2" } }]);
});

test("a gzip file is known by its content, not by its name", async () => {
  expect(await read(gzipSync("a,b\n1,2\n"), "csv")).toEqual([{ number: 1, line: { a: "1", b: "2" } }]);
  expect(await read(gzipSync('{"a":1}\n'), "ndjson")).toEqual([{ number: 1, line: { a: 1 } }]);
});

test("lines that are no CSV are told and passed over", async () => {
  const lines = await read("a,b\n1,2,3\n4,5\n6\n", "csv");
  expect(lines).toContainEqual({ number: expect.any(Number), line: { a: "4", b: "5" } });
  expect(lines.filter((line) => "unreadable" in line)).toEqual([
    { number: expect.any(Number), unreadable: "another number of columns than the header", raw: expect.any(String) },
    { number: expect.any(Number), unreadable: "another number of columns than the header", raw: expect.any(String) },
  ]);
});

test("NDJSON gives its objects, and what is none is told", async () => {
  expect(await read('{"a":{"b":[1,null]}}\n\n[1]\n{"a":\n"x"\n{"a":2}', "ndjson")).toEqual([
    { number: 1, line: { a: { b: [1, null] } } },
    { number: 3, unreadable: "not a JSON object", raw: "[1]" },
    { number: 4, unreadable: "not a JSON object", raw: '{"a":' },
    { number: 5, unreadable: "not a JSON object", raw: '"x"' },
    { number: 6, line: { a: 2 } },
  ]);
});

test("an empty file has no lines", async () => {
  expect(await read("", "csv")).toEqual([]);
  expect(await read("", "ndjson")).toEqual([]);
});

test.each(["csv", "ndjson"] as const)(
  "a gzip file that was cut off is an error, not an early end (%s)",
  async (format) => {
    const rows = Array.from({ length: 20_000 }, (_, i) =>
      format === "csv" ? `${i},${Math.sin(i)}` : `{"a":${Math.sin(i)}}`,
    );
    const whole = gzipSync(`a,b\n${rows.join("\n")}\n`);
    await expect(read(whole.subarray(0, whole.length - 1000), format)).rejects.toThrow("unexpected end of file");
  },
);

test("a refused header ends the reading", async () => {
  const path = join(dir, "file");
  writeFileSync(path, "a,b\n1,2\n");
  const source = await openSource(path, { format: "csv" }, (columns) => {
    throw new Error(`no ${columns.join(" ")}`);
  });
  await expect(source.lines().next()).rejects.toThrow("no a b");
});

test("a file that is not there is an error", async () => {
  await expect(openSource(join(dir, "missing"), { format: "csv" }, () => {})).rejects.toThrow("ENOENT");
});
