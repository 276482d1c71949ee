/**
 * How often a rule gave each tag that it names by a property's value. State: names with how often each came.
 *
 * Counts and not points, so that a model with other points rescores everybody without the history.
 */
import type { ByteReader } from "../../kernel/bytes.ts";
import { textHash } from "../../kernel/entry-texts.ts";
import type { Contact } from "../contact/contact.ts";
import { gatherBlock } from "../contact/gathered.ts";
import { Names } from "../contact/names.ts";
import { blockAt, blockOf, setBlock } from "../contact/numbers.ts";
import { addTagPoints, openTags, tags } from "../contact/tags.ts";
import { NO_FEATURE, type Feature, type FeatureCodec } from "./feature.ts";
import type { TagNames, TakeTagName } from "./tag-names.ts";

/** The counts that were opened last. One for all: readers are done with them before others are opened. */
const counts = new Names();

/** Opens what a feature counts for a contact. */
export function openTagCounts(contact: Contact, feature: number): Names {
  return counts.open(contact.slab, blockOf(contact, feature));
}

/** A rule's points are the sum over the declarations that share it; micro points. */
export function tagCountsFeature(
  index: number,
  key: string,
  names: TagNames,
  rule: { points: number },
  tagsMax: number,
): Feature {
  let of: Contact | null = null;
  let changed = false;
  const count: TakeTagName = (hash, bytes, from, to) => {
    if (of === null || !addTagPoints(of, hash, bytes, from, to, rule.points, tagsMax)) return;
    const { ref } = openTagCounts(of, index);
    counts.increase(of.slab, hash, bytes, from, to, 1);
    if (counts.ref !== ref) setBlock(of, index, counts.ref, counts.units);
    changed = true;
  };
  return {
    index,
    key,
    kind: "tag counts",
    add(contact, view, event) {
      of = contact;
      changed = false;
      try {
        names(view, event, count);
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
