/** The one order of strings, scalars and events that the language uses everywhere. */
import type { Event } from "../../kernel/event.ts";
import type { Scalar } from "../harness/subject.ts";

/** By code points, unlike `<` on strings, which goes by UTF-16 units and puts U+FF5E after every emoji. */
export function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a, (character) => character.codePointAt(0) ?? 0);
  const right = Array.from(b, (character) => character.codePointAt(0) ?? 0);
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Numbers before strings before booleans; false before true. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a !== typeof b) return rankOf(a) - rankOf(b);
  if (typeof a === "string" && typeof b === "string") return compareCodePoints(a, b);
  return Number(a) - Number(b);
}

function rankOf(value: Scalar): number {
  if (typeof value === "number") return 0;
  return typeof value === "string" ? 1 : 2;
}

/** Earlier events first; of equal timestamps the one with the smaller messageId. */
export function compareEvents(a: Event, b: Event): number {
  return a.timestamp - b.timestamp || compareCodePoints(a.messageId, b.messageId);
}
