/** Reading an event of an entry by the paths that a plan needs, resolved once per shape and entry. */
import {
  VALUE_COMPLEX,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
  type EntryReader,
} from "../../kernel/entry.ts";
import type { Path } from "../ast.ts";
import { follow, type Value } from "../value.ts";

/** The top-level property keys that a plan reads, numbered. */
export interface PropertyKeys {
  readonly numbers: ReadonlyMap<string, number>;
}

/** An entry as one plan sees it. */
export interface EventView {
  readonly entry: EntryReader;
  /** Place of key k in the values of shape s at [s * keys + k]; -1 where the shape has no such key. */
  readonly places: Int32Array;
  readonly keys: number;
}

export function viewEntry(entry: EntryReader, keys: PropertyKeys): EventView {
  const count = keys.numbers.size;
  const places = new Int32Array(entry.shapeCount * count).fill(-1);
  for (let shape = 0; shape < entry.shapeCount; shape++) {
    const shapeKeys = entry.shapeKeys(shape);
    for (let place = 0; place < shapeKeys.length; place++) {
      const key = keys.numbers.get(entry.string(shapeKeys[place] as number));
      if (key !== undefined) places[shape * count + key] = place;
    }
  }
  return { entry, places, keys: count };
}

/** Reads one path of an event; undefined where it is missing, null where it is null. */
export type PathReader = (view: EventView, event: number) => Value;

/** Hands out numbers for property keys while a plan is compiled. */
export function createPropertyKeys(): PropertyKeys & { numberOf(key: string): number } {
  const numbers = new Map<string, number>();
  return {
    numbers,
    numberOf(key) {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, numbers.size);
      return numbers.size - 1;
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

function property(view: EventView, event: number, key: number): Value {
  const entry = view.entry;
  const place = view.places[(entry.shapes[event] as number) * view.keys + key] as number;
  if (place < 0) return undefined;
  const at = (entry.valueStarts[event] as number) + place;
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
