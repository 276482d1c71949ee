/**
 * Names that events and times give again and again, as UTF-8 with their hash. One cache for all: a name depends on
 * nothing but its text.
 */
import { nameOf, type Name } from "./names.ts";

/** So many are remembered; then it begins anew. */
const NAMES_MAX = 8192;
/** Longer ones are not remembered: they take room, and none of them comes often. */
const LENGTH_MAX = 256;

const known = new Map<string, Name>();

export function cachedName(text: string): Name {
  let name = known.get(text);
  if (name !== undefined) return name;
  name = nameOf(text);
  if (text.length > LENGTH_MAX) return name;
  if (known.size >= NAMES_MAX) known.clear();
  known.set(text, name);
  return name;
}
