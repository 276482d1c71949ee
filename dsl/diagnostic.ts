/** What is wrong, where, and what to do: the one shape in which the language talks back to its writer. */

import type { Pos } from "./ast.ts";

/** Line and column count from 1; columns and lengths are UTF-16 units. A length may reach over a line's end. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly message: string;
  readonly hint?: string;
}

/** Diagnostics of one kind kept in one answer; nobody reads a longer list. */
const MAX_SHOWN = 100;

export function diagnosticAt(
  severity: "error" | "warning",
  pos: Pos,
  message: string,
  hint: string | null = null,
): Diagnostic {
  const { line, column, length } = pos;
  return hint === null
    ? { severity, line, column, length, message }
    : { severity, line, column, length, message, hint };
}

/** Collects diagnostics up to a bound; says at the end that some were left out. */
export interface Reporter {
  readonly error: (pos: Pos, message: string, hint?: string | null) => void;
  readonly warning: (pos: Pos, message: string, hint?: string | null) => void;
  readonly hasErrors: () => boolean;
  /** True once so many errors are known that looking for more is useless. */
  readonly isFull: () => boolean;
  /** Errors, then warnings, each in the order of their places. */
  readonly list: () => Diagnostic[];
}

export function reporter(): Reporter {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  let firstOmitted: Pos | null = null;
  return {
    error(pos, message, hint = null) {
      if (errors.length < MAX_SHOWN) {
        errors.push(diagnosticAt("error", pos, message, hint));
      } else {
        firstOmitted ??= pos;
      }
    },
    warning(pos, message, hint = null) {
      if (warnings.length < MAX_SHOWN) {
        warnings.push(diagnosticAt("warning", pos, message, hint));
      }
    },
    hasErrors: () => errors.length > 0,
    isFull: () => errors.length >= MAX_SHOWN,
    list() {
      const more = "there are more errors, which are not shown";
      const rest = firstOmitted === null ? [] : [diagnosticAt("error", firstOmitted, more)];
      return [...errors.sort(byPlace), ...rest, ...warnings.sort(byPlace)];
    },
  };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column;
}

/** The longest piece of somebody's text that is repeated to them. */
const MAX_QUOTED = 40;

export function shorten(text: string, length: number = MAX_QUOTED): string {
  return text.length <= length ? text : `${Array.from(text.slice(0, length)).slice(0, -1).join("")}…`;
}

/** The longest piece of a source line that is shown. */
const MAX_LINE = 160;

/**
 * The diagnostic as text for a terminal: `file:line:column: message`, the source line, a line of carets under the
 * place, and the hint. Long lines are cut around the place.
 */
export function formatDiagnostic(source: string, fileName: string, d: Diagnostic): string {
  const kind = d.severity === "warning" ? "warning: " : "";
  const out = [`${fileName}:${d.line}:${d.column}: ${kind}${d.message}`];
  const line = lineOf(source, d.line);
  if (line !== null) {
    const from = d.column - 1 > MAX_LINE - 40 ? d.column - 1 - 40 : 0;
    const shown = line.slice(from, from + MAX_LINE);
    const before = shown.slice(0, d.column - 1 - from).replace(/[^\t]/g, " ");
    const room = Math.max(1, shown.length - before.length);
    out.push(`  ${shown}`, `  ${before}${"^".repeat(Math.max(1, Math.min(d.length, room)))}`);
  }
  if (d.hint !== undefined) {
    out.push(`  hint: ${d.hint}`);
  }
  return out.join("\n");
}

/** The text of a line (counted from 1) without its end; the marker of byte order is no part of the first. */
function lineOf(source: string, line: number): string | null {
  const ends = /\r\n|\n|\r/g;
  let start = source.startsWith("\uFEFF") ? 1 : 0;
  for (let n = 1; n < line; n++) {
    if (ends.exec(source) === null) {
      return null;
    }
    start = ends.lastIndex;
  }
  const end = ends.exec(source);
  return source.slice(start, end === null ? source.length : end.index);
}
