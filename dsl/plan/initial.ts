/**
 * Which roots have to be evaluated for a contact that has just come. Most predicates are false of somebody who has done
 * nothing yet, and stay so whatever the time: with thousands of segments it would cost too much to ask them all.
 */
import { newContact } from "../contact/contact.ts";
import type { Reads } from "./builder.ts";
import { horizon } from "./horizon.ts";
import type { Root } from "./root.ts";

/** A root is left out where a contact without a past leaves it empty at every instant, whoever it is. */
export function initialRoots(roots: readonly Root[], reads: readonly Reads[], startStage: number): number[] {
  const blank = newContact("", 0, startStage);
  return roots.flatMap((root, index) => {
    const read = reads[index];
    const own = read === undefined || read.id || read.firstSeen || read.lastSeen;
    return own || !isEmpty(root, blank) ? [index] : [];
  });
}

/** Asked at an instant before all others: an answer that holds from there on for ever holds always. */
function isEmpty(root: Root, blank: ReturnType<typeof newContact>): boolean {
  horizon.at = Infinity;
  switch (root.kind) {
    case "segment":
    case "stage":
      return !root.truth(blank, 0) && horizon.at === Infinity;
    case "score":
      return root.read(blank, 0) === 0 && horizon.at === Infinity;
    case "tags":
      return root.read(blank, 0).live === 0 && horizon.at === Infinity;
  }
}
