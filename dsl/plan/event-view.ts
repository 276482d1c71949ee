/** Reading an event of an entry by the paths that a plan needs, resolved once per shape and entry. */
import {
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
  type EntryReader,
} from "../../kernel/entry.ts";
import { TextNumbers } from "../../kernel/text-numbers.ts";
import type { Path } from "../ast.ts";
import { follow, isScalar, type Value } from "../value.ts";

/** The top-level property keys that a plan reads, numbered, among the texts that it looks for in entries. */
export interface PropertyKeys {
  readonly texts: TextNumbers;
  readonly count: number;
  /** The number of a key by that of its text; -1 or nothing for other texts. */
  readonly ofText: readonly number[];
}

/** An entry as one plan sees it. */
export interface EventView {
  readonly entry: EntryReader;
  /** Begins with the places of key k in the values of shape s, plus one, at [s * keys + k]; 0 where it has no such key. */
  readonly places: Uint32Array;
  readonly keys: number;
}

/** Reads one path of an event; undefined where it is missing, null where it is null. */
export type PathReader = (view: EventView, event: number) => Value;

/** Hands out numbers for property keys while a plan is compiled. */
export function createPropertyKeys(): PropertyKeys & { numberOf(key: string): number } {
  const texts = new TextNumbers();
  const ofText: number[] = [];
  let count = 0;
  return {
    texts,
    ofText,
    get count() {
      return count;
    },
    numberOf(key) {
      const text = texts.add(key);
      while (ofText.length <= text) ofText.push(-1);
      if (ofText[text] === -1) ofText[text] = count++;
      return ofText[text] as number;
    },
  };
}

/** `context.…` leads into the event's context, anything else into its properties. */
export function compilePath(path: Path, keys: { numberOf(key: string): number }): PathReader {
  const steps = path.parts.map((part) => part.name);
  const first = steps[0] ?? "";
  if (first === "context" && steps.length > 1) {
    return (view, event) => follow(view.entry.context(event), steps, 1);
  }
  const key = keys.numberOf(first);
  if (steps.length === 1) return (view, event) => property(view, event, key);
  return (view, event) => follow(property(view, event, key), steps, 1);
}

/** The number of the key of a path that is a top-level property and nothing else; -1 for other paths. */
export function propertyKeyOf(path: Path, keys: { numberOf(key: string): number }): number {
  const [part, ...others] = path.parts;
  return part === undefined || part.each || others.length > 0 ? -1 : keys.numberOf(part.name);
}

/** Calls `take` with every value that a path stands for: each element where `[]` follows a part, else the one. */
export type EachValue = (view: EventView, event: number, take: (value: Value) => void) => void;

/** Whether a path goes through the elements of an array. */
export function hasElements(path: Path): boolean {
  return path.parts.some((part) => part.each);
}

export function compileEach(path: Path, keys: { numberOf(key: string): number }): EachValue {
  if (!hasElements(path)) {
    const read = compilePath(path, keys);
    return (view, event, take) => take(read(view, event));
  }
  const { parts } = path;
  const inContext = parts[0]?.name === "context" && parts.length > 1 && !parts[0].each;
  const key = inContext ? -1 : keys.numberOf(parts[0]?.name ?? "");
  return (view, event, take) => {
    const root = inContext ? view.entry.context(event) : property(view, event, key);
    if (!inContext && parts[0]?.each === true) eachElement(root, parts, 1, take);
    else descend(root, parts, 1, take);
  };
}

/** The same with the elements of a value that is an array in its place. */
export function spread(each: EachValue): EachValue {
  return (view, event, take) =>
    each(view, event, (value) => {
      if (Array.isArray(value)) for (const element of value) take(element);
      else take(value);
    });
}

/** The scalar that an event has at a path for `first` or `last`: of an array the first or the last element. */
export function compileEnd(path: Path, keys: { numberOf(key: string): number }, which: "first" | "last"): PathReader {
  if (!hasElements(path)) return compilePath(path, keys);
  const each = compileEach(path, keys);
  return (view, event) => {
    let found: Value;
    each(view, event, (value) => {
      if (isScalar(value) && (which === "last" || found === undefined)) found = value;
    });
    return found;
  };
}

/** Goes on from the value that `parts[from - 1]` led to. */
function descend(value: Value, parts: Path["parts"], from: number, take: (value: Value) => void): void {
  let current = value;
  for (let i = from; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) return;
    current = follow(current, [part.name], 0);
    if (part.each) {
      eachElement(current, parts, i + 1, take);
      return;
    }
  }
  take(current);
}

function eachElement(value: Value, parts: Path["parts"], from: number, take: (value: Value) => void): void {
  if (!Array.isArray(value)) return;
  for (const element of value) descend(element, parts, from, take);
}

/** The value of a top-level property, by the number of its key. */
export function property(view: EventView, event: number, key: number): Value {
  const at = placeOfValue(view, event, key);
  return at < 0 ? undefined : valueAt(view.entry, at);
}

/** Where the value of a top-level property stands among all values of the entry; -1 where the event has none. */
export function placeOfValue({ entry, places, keys }: EventView, event: number, key: number): number {
  const place = places[(entry.shapes[event] as number) * keys + key] as number;
  return place === 0 ? -1 : (entry.valueStarts[event] as number) + place - 1;
}

/** A value by its place among all values of the entry. */
export function valueAt(entry: EntryReader, at: number): Value {
  switch (entry.valueTypes[at]) {
    case VALUE_STRING:
      return entry.string(entry.valueNumbers[at] as number);
    case VALUE_NUMBER:
      return entry.valueNumbers[at];
    case VALUE_TRUE:
      return true;
    case VALUE_FALSE:
      return false;
    case VALUE_COMPLEX:
      return entry.complex(entry.valueNumbers[at] as number);
    default:
      return null;
  }
}
