/**
 * How often a rule gave each tag that it names by a property's value. State: names with how often each came.
 *
 * Counts and not points, so that a model with other points rescores everybody without the history.
 */
import type { ByteReader } from "../../kernel/bytes.ts";
import { VALUE_STRING, type TextBytes } from "../../kernel/entry.ts";
import { textHash } from "../../kernel/entry-texts.ts";
import type { Contact } from "../contact/contact.ts";
import { gatherBlock } from "../contact/gathered.ts";
import { Names, writeName } from "../contact/names.ts";
import { blockAt, blockOf, setBlock } from "../contact/numbers.ts";
import { addTagPoints, openTags, tags } from "../contact/tags.ts";
import { placeOfValue, type EachValue } from "../plan/event-view.ts";
import { isScalar, type Value } from "../value.ts";
import { NO_FEATURE, type Feature, type FeatureCodec } from "./feature.ts";

/** The counts that were opened last. One for all: readers are done with them before others are opened. */
const counts = new Names();

/** Opens what a feature counts for a contact. */
export function openTagCounts(contact: Contact, feature: number): Names {
  return counts.open(contact.slab, blockOf(contact, feature));
}

/** Where tags come from: the values at a path, and the number of its key where it is a top-level property alone, or -1. */
export interface TagValues {
  readonly each: EachValue;
  readonly key: number;
}

const text: TextBytes = { bytes: Buffer.alloc(0), from: 0, to: 0 };

/** A rule's points are the sum over the declarations that share it; micro points. */
export function tagCountsFeature(
  index: number,
  key: string,
  prefix: string,
  values: TagValues,
  rule: { points: number },
  tagsMax: number,
): Feature {
  const { each } = values;
  let of: Contact | null = null;
  let changed = false;
  const count = (contact: Contact, hash: number, bytes: Uint8Array, from: number, to: number): boolean => {
    if (!addTagPoints(contact, hash, bytes, from, to, rule.points, tagsMax)) return false;
    const { ref } = openTagCounts(contact, index);
    counts.increase(contact.slab, hash, bytes, from, to, 1);
    if (counts.ref !== ref) setBlock(contact, index, counts.ref, counts.units);
    return true;
  };
  const take = (value: Value): void => {
    if (of === null || !isScalar(value)) return;
    const tag = prefix + String(value);
    if (tag === "") return;
    const { hash, bytes, length } = writeName(tag);
    if (count(of, hash, bytes, 0, length)) changed = true;
  };
  /** The key of values that are tags as they stand in the entry, where they are texts. */
  const plainKey = prefix === "" ? values.key : -1;
  return {
    index,
    key,
    kind: "tag counts",
    add(contact, view, event) {
      if (plainKey >= 0) {
        const { entry } = view;
        const at = placeOfValue(view, event, plainKey);
        if (at < 0) return false;
        if (entry.valueTypes[at] === VALUE_STRING) {
          entry.openString(entry.valueNumbers[at] as number, text);
          const { bytes, from, to } = text;
          return from < to && count(contact, textHash(bytes, from, to), bytes, from, to);
        }
      }
      of = contact;
      changed = false;
      try {
        each(view, event, take);
      } finally {
        // A plan outlives the partitions that it served.
        of = null;
      }
      return changed;
    },
  };
}

/**
 * A tag is stored by its place in the row's head, plus one, where the contact has it; behind a 0 in full where it has
 * not: under another model the tags of other rules may come first and fill the bound.
 */
export const tagCountsCodec: FeatureCodec = {
  keeps: "numbers",
  write(out, contact, place) {
    counts.open(contact.slab, blockAt(contact, place));
    openTags(contact);
    out.varint(counts.count);
    // They mostly came in the same order.
    let likely = 0;
    for (let i = 0; i < counts.count; i++) {
      const from = counts.textFrom(i);
      const to = counts.textTo(i);
      const found = tags.find(counts.hash(i), counts.bytes, from, to, likely);
      likely = found + 1;
      const known = tags.placeOfLive(found);
      out.varint(known + 1);
      if (known < 0) out.part(counts.bytes, from, to);
      out.varint(counts.number(i));
    }
  },
  read(input, contact, feature) {
    openTags(contact);
    const length = input.varint();
    const kept = feature !== NO_FEATURE && length > 0;
    if (kept) counts.begin(contact.slab, length, textBytesOf(input, length));
    for (let n = length; n > 0; n--) {
      const known = input.varint() - 1;
      if (known < 0) {
        const size = input.skipText();
        const to = input.at;
        const times = input.varint();
        if (kept) counts.add(contact.slab, textHash(input.buffer, to - size, to), input.buffer, to - size, to, times);
      } else {
        const times = input.varint();
        if (kept) {
          counts.add(contact.slab, tags.hash(known), tags.bytes, tags.textFrom(known), tags.textTo(known), times);
        }
      }
    }
    if (kept) gatherBlock(feature, counts.ref, counts.units);
  },
};

/** Bytes of the names of the next `length` counts, without taking them; of the tags that are open. */
function textBytesOf(input: ByteReader, length: number): number {
  const begin = input.at;
  let bytes = 0;
  for (let n = length; n > 0; n--) {
    const known = input.varint() - 1;
    if (known >= tags.count) throw new RangeError("a counted tag is not among the row's tags");
    bytes += known < 0 ? input.skipText() : tags.textTo(known) - tags.textFrom(known);
    input.skipVarint();
  }
  input.at = begin;
  return bytes;
}
