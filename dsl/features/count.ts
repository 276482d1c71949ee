/** How many events there have been in all, or since a fixed instant. State: the number. */
import { addFeatureState, featurePlace } from "../contact/contact.ts";
import type { Feature, FeatureCodec } from "./feature.ts";

/** `since`: the earliest timestamp that counts, ms since 1970; null for all of time. */
export function countFeature(index: number, key: string, since: number | null): Feature {
  const from = since ?? -Infinity;
  return {
    index,
    key,
    kind: "count",
    add(contact, _view, _event, at) {
      if (at < from) return false;
      const place = featurePlace(contact, index);
      if (place < 0) addFeatureState(contact, -1 - place, index, 1);
      else contact.featureStates[place] = (contact.featureStates[place] as number) + 1;
      return true;
    },
  };
}

export const countCodec: FeatureCodec = {
  write: (out, state) => out.varint(state as number),
  read: (input) => input.varint(),
};
