/** Text to syntax tree. Never throws: what can't be read is told, and reading goes on with the next declaration. */

import type { Declaration, Model, Predicate } from "./ast.ts";
import { type Cursor, cursorOver, fail, peek, startsDeclaration, SyntaxProblem } from "./cursor.ts";
import { type Diagnostic, reporter, type Reporter } from "./diagnostic.ts";
import { parseDeclaration } from "./parse-declarations.ts";
import { parsePredicateAt } from "./parse-predicates.ts";

/**
 * Reads a model. Where diagnostics hold an error, the tree has only the declarations that could be read, and
 * checking it would complain about names that are there.
 */
export function parseModel(source: string): { model: Model; diagnostics: Diagnostic[] } {
  const c = cursorOver(source);
  const problems = reporter();
  const declarations: Declaration[] = [];
  const end = c.tokens.length - 1;
  c.limit = 0;
  while (c.index < end && !problems.isFull()) {
    if (c.index >= c.limit) {
      c.limit = nextFirstColumn(c, c.index + 1);
    }
    const start = c.index;
    const declaration = attempt(c, problems, () => parseDeclaration(c));
    if (declaration !== null) {
      declarations.push(declaration);
    } else {
      recover(c, start);
    }
  }
  return { model: { declarations }, diagnostics: problems.list() };
}

/** Reads a predicate that stands alone, as in a query. */
export function parsePredicate(source: string): { predicate: Predicate | null; diagnostics: Diagnostic[] } {
  const c = cursorOver(source);
  const problems = reporter();
  const predicate = attempt(c, problems, () => {
    const read = parsePredicateAt(c);
    if (peek(c).kind !== "end") {
      fail(c, '"and", "or" or the end', { words: ["and", "or"] });
    }
    return read;
  });
  return { predicate, diagnostics: problems.list() };
}

function attempt<T>(c: Cursor, problems: Reporter, parse: () => T): T | null {
  try {
    return parse();
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) {
      throw problem;
    }
    const { line, column, length, message, hint } = problem.diagnostic;
    problems.error({ line, column, length }, message, hint ?? null);
    c.depth = 0;
    return null;
  }
}

/** The next token from `from` on that is a declaration's word in the first column, or the end. */
function nextFirstColumn(c: Cursor, from: number): number {
  let at = from;
  for (; at < c.tokens.length - 1; at++) {
    const token = c.tokens[at];
    if (token !== undefined && token.column === 1 && startsDeclaration(token)) {
      break;
    }
  }
  return at;
}

/**
 * Skips the rest of a declaration that could not be read: to the next declaration's word in the first column, or,
 * where whole models are indented, to one that opens its line no further right than the wrong one did.
 */
function recover(c: Cursor, start: number): void {
  const opening = c.tokens[start];
  const column = opening?.opensLine === true ? opening.column : 1;
  c.index = Math.max(c.index, start + 1);
  while (c.index < c.limit) {
    const token = c.tokens[c.index];
    if (token !== undefined && token.opensLine && token.column <= column && startsDeclaration(token)) {
      return;
    }
    c.index++;
  }
}
