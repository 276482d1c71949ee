/** Following a path into an event or a contact's traits. */
import type { Path, PathPart } from "../../dsl/ast.ts";
import type { Event, Json } from "../../kernel/event.ts";
import type { Scalar } from "../harness/subject.ts";

/** What a place holds; undefined where there is nothing or a null. */
export type Found = Json | undefined;

/** Every value that the path stands for: exactly one without `[]` (perhaps undefined), else one for each element. */
export function follow(document: Found, parts: readonly PathPart[]): Found[] {
  let places: Found[] = [document];
  for (const part of parts) {
    places = places.map((place) => member(place, part.name));
    if (part.each) places = places.flatMap((place) => (Array.isArray(place) ? place.map(unlessNull) : []));
  }
  return places;
}

/** Paths lead into the properties (of an identify call its traits); `context.` leads into the event's context. */
export function followInEvent(event: Event, path: Path): Found[] {
  const [first, ...rest] = path.parts;
  if (first?.name === "context" && rest.length > 0) return follow(event.context, rest);
  return follow(event.properties, path.parts);
}

export function hasEach(path: Path): boolean {
  return path.parts.some((part) => part.each);
}

export function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Only an object's own keys: neither `length` of a text nor `constructor` of anything is a property. */
function member(place: Found, name: string): Found {
  if (typeof place !== "object" || place === null || Array.isArray(place)) return undefined;
  if (!Object.hasOwn(place, name)) return undefined;
  return unlessNull((place as { readonly [key: string]: Json })[name]);
}

function unlessNull(value: Found): Found {
  return value === null ? undefined : value;
}
