import { expect, test } from "vitest";
import { newContact, setFeatureState, type Contact } from "../../dsl/contact/contact.ts";
import { forgetNeighbours } from "../../dsl/contact/forget.ts";
import type { FeatureState } from "../../dsl/features/state.ts";

const NOW = 10_000;
/** Windows of the features 0 to 3, ms; 2 has none. */
const REACHES = Float64Array.from([1_000, 1_000, Infinity, 5_000]);

function contactWith(states: readonly (readonly [feature: number, state: FeatureState])[], last: number): Contact {
  const contact = newContact(0, "somebody", 0, -1, null);
  for (const [feature, state] of states) setFeatureState(contact, feature, state);
  contact.cursor = contact.featureIndexes.indexOf(last);
  return contact;
}

const series = (at: number[]): FeatureState => ({
  at,
  values: at.map(() => 1),
  highs: [0],
  lows: [0],
  ranges: [],
  dropped: 0,
  revision: 0,
});

test("a state beside a new one goes once all that it keeps has left its window", () => {
  const contact = contactWith(
    [
      [0, NOW - 1_000],
      [1, NOW],
      [3, [NOW - 9_000, NOW - 5_000]],
    ],
    1,
  );
  forgetNeighbours(contact, REACHES, NOW);
  expect(contact.featureIndexes).toEqual([1]);
  expect(contact.featureStates).toEqual([NOW]);
  expect(contact.cursor).toBe(0);
});

test("what a window can still see stays, in every form that states have", () => {
  const kept: [number, FeatureState][] = [
    [0, series([NOW - 3_000, NOW - 999])],
    [1, NOW],
    [3, [{ at: NOW - 4_999, by: "m", value: "x" }]],
  ];
  const contact = contactWith(kept, 1);
  forgetNeighbours(contact, REACHES, NOW);
  expect(contact.featureIndexes).toEqual([0, 1, 3]);
  expect(contact.cursor).toBe(1);
});

test("a series and a history that are over go, a count without a window never does", () => {
  const over = contactWith(
    [
      [0, series([NOW - 3_000, NOW - 1_000])],
      [1, NOW],
    ],
    1,
  );
  forgetNeighbours(over, REACHES, NOW);
  expect(over.featureIndexes).toEqual([1]);
  const count = contactWith(
    [
      [2, 7],
      [3, [{ at: NOW - 5_000, by: "m", value: "x" }]],
    ],
    2,
  );
  forgetNeighbours(count, REACHES, NOW);
  expect(count.featureIndexes).toEqual([2]);
  expect(count.featureStates).toEqual([7]);
});
