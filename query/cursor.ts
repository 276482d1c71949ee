/**
 * Cursors of lists: where to go on, and which list it was. Opaque to the caller; slots don't change, so a cursor
 * means the same on every server and after every restart.
 */
import { SluiceError } from "../kernel/errors.ts";
import { hash, hash64 } from "../kernel/ids.ts";

const CURSOR_FORMAT = 1;
const CURSOR_CHARS_MAX = 2_048;

export type CursorPart = string | number;

/** `list` says which list the cursor belongs to: the route, what was asked, and in which order. */
export function encodeCursor(list: readonly CursorPart[], position: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify([CURSOR_FORMAT, fingerprint(list), ...position])).toString("base64url");
}

/**
 * The position, one value per `shape` entry. Throws `invalid_call` for a cursor of another list, of another release,
 * or of nobody's making.
 */
export function decodeCursor(
  cursor: string,
  list: readonly CursorPart[],
  shape: readonly ("string" | "integer")[],
): CursorPart[] {
  const parts = cursor.length > CURSOR_CHARS_MAX ? null : parse(cursor);
  if (parts === null || parts.length !== shape.length + 2 || parts[0] !== CURSOR_FORMAT) throw refused("is malformed");
  if (parts[1] !== fingerprint(list)) throw refused("belongs to another list or order");
  const position: CursorPart[] = [];
  for (const [i, kind] of shape.entries()) {
    const part = parts[i + 2];
    if (kind === "string" && typeof part === "string") position.push(part);
    else if (kind === "integer" && Number.isSafeInteger(part)) position.push(part as number);
    else throw refused("is malformed");
  }
  return position;
}

function fingerprint(list: readonly CursorPart[]): string {
  hash64(JSON.stringify(list));
  return hash.lo.toString(36) + hash.hi.toString(36);
}

function parse(cursor: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function refused(why: string): SluiceError {
  return new SluiceError("invalid_call", `the cursor ${why}: take it from \`next\` of the answer before, unchanged`, {
    details: { field: "cursor" },
  });
}
