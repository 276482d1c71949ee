/** Text for people and for programs: what all commands write in the same way. */

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Where a command writes: answers to `out`, what goes on meanwhile and what went wrong to `err`. */
export interface Streams {
  readonly out: Screen;
  readonly err: Screen & NodeJS.WritableStream;
}

/** One JSON document a line, as all of `--json`. */
export function writeJson(out: Screen, value: unknown): void {
  out.write(`${JSON.stringify(value)}\n`);
}

/**
 * Text of others for a terminal. Ids and traits come from anybody who can send an event, and a terminal obeys control
 * characters; characters that turn the direction of writing can make an id look like another.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (char) => {
    return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}

/** A name of the model as the language writes it. */
export function quoted(name: string): string {
  return printable(JSON.stringify(name));
}

/** Any value of JSON for people: text as it is, all else as JSON. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "-";
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}

/** Rows under a head, columns as wide as their widest cell. Cells are printed as they are. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const drawn = lines.map((line) =>
    line
      .map((cell, column) =>
        right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return `${drawn.join("\n")}\n`;
}

/** Names on the left, what belongs to them on the right. */
export function pairs(rows: readonly (readonly [name: string, value: string])[], indent = ""): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`.trimEnd()).join("\n");
}

export function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}

export function grouped(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** `2026-01-31 10:00:00 UTC` of an instant in ISO 8601. */
export function moment(iso: string | null): string {
  return iso === null ? "-" : `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}
