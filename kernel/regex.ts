/**
 * Regular expressions in the syntax of RE2, whose matching takes time linear in the text, whatever the pattern.
 *
 * Compiling is far dearer than matching (some 100 µs for a short pattern) and nothing is cached here: whoever
 * matches many texts keeps what this returns.
 */

import { RE2JS } from "re2js";

export interface Regex {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean;
}

/** The compiled pattern, or what is wrong with it in words. */
export function compileRegex(pattern: string, ignoringCase: boolean): Regex | { error: string } {
  try {
    return RE2JS.compile(pattern, ignoringCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (problem) {
    return { error: complaint(problem) };
  }
}

/** The library's message without its preamble and without the flag that it puts before the pattern. */
function complaint(problem: unknown): string {
  const message = problem instanceof Error ? problem.message : String(problem);
  return message.replace(/^error parsing regexp: /, "").replace("`(?i)", "`");
}
