/**
 * Text to tokens, in one pass. Nothing is refused here: what is no token becomes a `bad` one that carries its own
 * explanation, so that only the first of them in a declaration is reported and the rest of the model is still read.
 */

export type TokenKind = "word" | "quoted" | "string" | "number" | "date" | "symbol" | "bad" | "end";

export interface Token {
  readonly kind: TokenKind;
  /**
   * A word, number, date or symbol as written; of a string and a back-quoted part (`quoted`) what it stands for; of a
   * bad token the complaint.
   */
  readonly text: string;
  readonly hint: string | null;
  /** Offsets into the source; a token never reaches over the end of a line. */
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  /** Nothing but white space stands before it on its line. */
  readonly opensLine: boolean;
}

const WORD = /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;
const NUMBER = /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?/y;
/** Also what only looks like a date, so that a 30 February is one date that is wrong and no subtraction. */
const DATE = /\d{4}-\d{1,2}-\d{1,2}(?!\d)(?:T[\d:.]*(?:Z|[+-]\d[\d:]*)?)?/y;
const PLAIN_WORD = /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u;
const SPACE = /\s/;

/** Whether a part of a path can be written without back-quotes. */
export function isPlainWord(text: string): boolean {
  return PLAIN_WORD.test(text);
}

const SYMBOLS = new Set(["(", ")", ",", ".", "+", "-", "*", "/", "=", "<", ">", "[", "]"]);
const LONG_SYMBOLS = new Set(["!=", "<=", ">="]);

/** What people write who come from elsewhere, and what it is here. */
const FOREIGN: Readonly<Record<string, string>> = {
  "==": 'write "=" for equal',
  "<>": 'write "!=" for not equal',
  "=<": 'write "<=" for less or equal',
  "=>": 'write ">=" for greater or equal',
  "&&": 'write "and"',
  "||": 'write "or"',
  "&": 'write "and"',
  "|": 'write "or"',
  "!": 'write "not"',
  "≠": 'write "!=" for not equal',
  "≤": 'write "<=" for less or equal',
  "≥": 'write ">=" for greater or equal',
  "−": 'write a plain "-"',
  "–": 'write a plain "-"',
  "×": 'write "*"',
  "÷": 'write "/"',
  "%": "write a part of one, such as 0.3",
  "'": 'texts stand in straight double quotes: "…"',
  "‘": 'texts stand in straight double quotes: "…"',
  "’": 'texts stand in straight double quotes: "…"',
  "“": 'texts stand in straight double quotes: "…"',
  "”": 'texts stand in straight double quotes: "…"',
  "„": 'texts stand in straight double quotes: "…"',
  "«": 'texts stand in straight double quotes: "…"',
  "»": 'texts stand in straight double quotes: "…"',
  ";": "a declaration ends where the next one begins; nothing stands between them",
  $: "a part of a path that is not a plain word is back-quoted: `$part`",
};

/** All tokens of a text; the last one is the only `end`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  /** The marker of byte order, which some editors write, takes no column. */
  let lineStart = source.startsWith("\uFEFF") ? 1 : 0;
  let opensLine = true;
  let at = lineStart;

  function push(kind: TokenKind, text: string, start: number, end: number, hint: string | null = null): void {
    tokens.push({ kind, text, hint, start, end, line, column: start - lineStart + 1, opensLine });
    opensLine = false;
    at = end;
  }

  while (at < source.length) {
    const char = source.charAt(at);
    if (char === "\n" || char === "\r") {
      at += char === "\r" && source.charAt(at + 1) === "\n" ? 2 : 1;
      line++;
      lineStart = at;
      opensLine = true;
    } else if (char === " " || char === "\t" || SPACE.test(char)) {
      at++;
    } else if (char === "#") {
      at = endOfLine(source, at);
    } else if (char === '"' || char === "`") {
      const kind = char === '"' ? "string" : "quoted";
      const { text, end, problem } = readQuoted(source, at, char);
      if (problem === null) {
        push(kind, text, at, end);
      } else {
        push("bad", problem.message, problem.start, problem.end, problem.hint);
        at = end;
      }
    } else if (char >= "0" && char <= "9") {
      const date = matchAt(DATE, source, at);
      if (date !== null) {
        push("date", date, at, at + date.length);
      } else {
        const number = matchAt(NUMBER, source, at) ?? char;
        push("number", number, at, at + number.length);
      }
    } else {
      const word = matchAt(WORD, source, at);
      if (word !== null) {
        push("word", word, at, at + word.length);
      } else {
        pushSymbol(char);
      }
    }
  }
  push("end", "", source.length, source.length);
  return tokens;

  function pushSymbol(char: string): void {
    const two = source.slice(at, at + 2);
    if (LONG_SYMBOLS.has(two)) {
      push("symbol", two, at, at + 2);
      return;
    }
    const foreign = Object.hasOwn(FOREIGN, two) ? two : char;
    if (SYMBOLS.has(char) && foreign === char) {
      push("symbol", char, at, at + 1);
      return;
    }
    const hint = Object.hasOwn(FOREIGN, foreign) ? (FOREIGN[foreign] ?? null) : null;
    const shown = hint === null ? String.fromCodePoint(source.codePointAt(at) ?? 0) : foreign;
    // A run of the same sign is one mistake.
    let end = at + shown.length;
    while (source.startsWith(shown, end)) {
      end += shown.length;
    }
    const name = isVisible(shown) ? `"${shown}"` : `the character ${codeOf(shown)}`;
    push("bad", `${name} has no meaning here`, at, end, hint);
  }
}

function matchAt(pattern: RegExp, source: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? null;
}

function endOfLine(source: string, from: number): number {
  let at = from;
  while (at < source.length && source.charAt(at) !== "\n" && source.charAt(at) !== "\r") {
    at++;
  }
  return at;
}

interface Problem {
  readonly message: string;
  readonly hint: string | null;
  readonly start: number;
  readonly end: number;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Reads from an opening quote to the same closing one; without one, to the end of the line. */
function readQuoted(
  source: string,
  start: number,
  quote: string,
): { readonly text: string; readonly end: number; readonly problem: Problem | null } {
  const pieces: string[] = [];
  let problem: Problem | null = null;
  let pieceStart = start + 1;
  let at = start + 1;
  for (;;) {
    const char = source.charAt(at);
    if (char === "" || char === "\n" || char === "\r") {
      const what = quote === '"' ? "this text" : "this part of a path";
      const message = `${what} is not closed before the end of the line`;
      const hint = quote === '"' ? 'close it with "; a line break inside is written \\n' : "close it with `";
      return { text: "", end: at, problem: { message, hint, start, end: at } };
    }
    if (char === quote) {
      break;
    }
    if (char !== "\\") {
      at++;
      continue;
    }
    pieces.push(source.slice(pieceStart, at));
    const escape = readEscape(source, at, quote);
    if (escape.text === null) {
      const hint = `known are \\${quote}, \\\\, \\n and \\uXXXX; a backslash itself is written \\\\`;
      const shown = source.slice(at, escape.end);
      problem ??= { message: `unknown escape ${shown}`, hint, start: at, end: escape.end };
    } else {
      pieces.push(escape.text);
    }
    at = escape.end;
    pieceStart = at;
  }
  pieces.push(source.slice(pieceStart, at));
  const text = pieces.join("");
  const end = at + 1;
  if (problem === null && LONE_SURROGATE.test(text)) {
    problem = { message: "this text contains half of a character (a lone surrogate)", hint: null, start, end };
  }
  if (problem === null && quote === "`" && text === "") {
    problem = { message: "a part of a path can't be empty", hint: null, start, end };
  }
  return { text, end, problem };
}

/** The escape at a backslash; `text` is null where it is none, `end` never passes the end of the line. */
function readEscape(source: string, at: number, quote: string): { readonly text: string | null; readonly end: number } {
  const next = source.charAt(at + 1);
  if (next === "\\" || next === quote) {
    return { text: next, end: at + 2 };
  }
  if (next === "n") {
    return { text: "\n", end: at + 2 };
  }
  if (next === "u") {
    const digits = source.slice(at + 2, at + 6);
    if (/^[0-9a-fA-F]{4}$/.test(digits)) {
      return { text: String.fromCharCode(Number.parseInt(digits, 16)), end: at + 6 };
    }
  }
  const letter = next === "\n" || next === "\r" ? "" : String.fromCodePoint(source.codePointAt(at + 1) ?? 0);
  return { text: null, end: next === "" ? at + 1 : at + 1 + letter.length };
}

function isVisible(char: string): boolean {
  return !/[\p{C}\p{Z}\p{M}]/u.test(char);
}

function codeOf(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
