/**
 * The names of tags that an event gives: one that the model has, or those that values at a path make. They are UTF-8,
 * and no string is made of a value that is a text.
 */
import { VALUE_STRING, type TextBytes } from "../../kernel/entry.ts";
import { textHash } from "../../kernel/entry-texts.ts";
import { joinName, nameOf, writeName } from "../contact/names.ts";
import { placeOfValue, type EachValue, type EventView } from "../plan/event-view.ts";
import { isScalar, type Value } from "../value.ts";

/** A name's UTF-8 lies from `from` up to but without `to`, until this returns. */
export type TakeTagName = (hash: number, bytes: Uint8Array, from: number, to: number) => void;

/** Calls `take` with the name of each tag that an event gives, once for every time that it does. */
export type TagNames = (view: EventView, event: number, take: TakeTagName) => void;

/** Where tags come from: the values at a path, and the number of its key where it is a top-level property alone, or -1. */
export interface TagValues {
  readonly each: EachValue;
  readonly key: number;
}

export function fixedTagName(tag: string): TagNames {
  const { hash, bytes, length } = nameOf(tag);
  return (_view, _event, take) => take(hash, bytes, 0, length);
}

const text: TextBytes = { bytes: Buffer.alloc(0), from: 0, to: 0 };

/** An empty name is none. */
export function tagNamesOf(prefix: string, { each, key }: TagValues): TagNames {
  const head = nameOf(prefix);
  let takes: TakeTagName | null = null;
  const takeValue = (value: Value): void => {
    if (takes === null || !isScalar(value)) return;
    const tag = prefix + String(value);
    if (tag === "") return;
    const { hash, bytes, length } = writeName(tag);
    takes(hash, bytes, 0, length);
  };
  return (view, event, take) => {
    if (key >= 0) {
      const { entry } = view;
      const at = placeOfValue(view, event, key);
      if (at < 0) return;
      if (entry.valueTypes[at] === VALUE_STRING) {
        entry.openString(entry.valueNumbers[at] as number, text);
        const { bytes, from, to } = text;
        if (head.length > 0) {
          const joined = joinName(head, bytes, from, to);
          take(joined.hash, joined.bytes, 0, joined.length);
        } else if (from < to) take(textHash(bytes, from, to), bytes, from, to);
        return;
      }
    }
    takes = take;
    try {
      each(view, event, takeValue);
    } finally {
      // A plan outlives the contacts that it served.
      takes = null;
    }
  };
}
