import type { Diagnostic } from "../../dsl/diagnostic.ts";

/** Diagnostics as lines that a test can hold: `line:column+length message`, then the hint on a line of its own. */
export function told(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.flatMap(({ severity, line, column, length, message, hint }) => {
    const kind = severity === "warning" ? "warning: " : "";
    const head = `${line}:${column}+${length} ${kind}${message}`;
    return hint === undefined ? [head] : [head, `hint: ${hint}`];
  });
}
