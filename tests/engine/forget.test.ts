import { expect, test } from "vitest";
import { newContact, type Contact } from "../../dsl/contact/contact.ts";
import { NUMBERS } from "../../dsl/contact/head.ts";
import { forgetNeighbours } from "../../dsl/contact/forget.ts";
import { featureAt, list, newList, numberOf, numberPlace, setNumber } from "../../dsl/contact/numbers.ts";
import { addObject } from "../../dsl/contact/objects.ts";
import { countIn } from "../../dsl/contact/tables.ts";
import type { ObjectState } from "../../dsl/features/state.ts";

const NOW = 10_000;
/** Windows of the features 0 to 4, ms; 2 has none. */
const REACHES = Float64Array.from([1_000, 1_000, Infinity, 5_000, 5_000]);

/** Numbers, lists of numbers, or objects, by feature; the last is the one that has just come. */
function contactWith(states: readonly (readonly [feature: number, state: number | number[] | ObjectState])[]): Contact {
  const contact = newContact("somebody", 0, -1);
  for (const [feature, state] of states) {
    if (typeof state === "number") setNumber(contact, feature, state);
    else if (isList(state)) {
      newList(contact, feature, state.length);
      list.f64.set(state, list.from);
    } else addObject(contact, feature, state);
  }
  return contact;
}

function isList(state: number[] | ObjectState): state is number[] {
  return Array.isArray(state) && typeof state[0] === "number";
}

function numbersIn(contact: Contact): number[] {
  return Array.from({ length: countIn(contact, NUMBERS) }, (_, place) => featureAt(contact, place));
}

const series = (at: number[]): ObjectState => ({
  at,
  values: at.map(() => 1),
  highs: [0],
  lows: [0],
  ranges: [],
  dropped: 0,
  revision: 0,
});

test("a state beside a new one goes once all that it keeps has left its window", () => {
  const contact = contactWith([
    [0, NOW - 1_000],
    [3, [NOW - 9_000, NOW - 5_000]],
    [1, NOW],
  ]);
  forgetNeighbours(contact, REACHES, NOW);
  expect(numbersIn(contact)).toEqual([1]);
  expect(numberOf(contact, 1)).toBe(NOW);
  expect(numberPlace(contact, 1)).toBe(0);
});

test("what a window can still see stays, in every form that states have", () => {
  const contact = contactWith([
    [0, NOW - 999],
    [3, [NOW - 9_000, NOW - 4_999]],
    [1, NOW],
  ]);
  forgetNeighbours(contact, REACHES, NOW);
  expect(numbersIn(contact)).toEqual([0, 1, 3]);
  const objects = contactWith([
    [0, series([NOW - 3_000, NOW - 999])],
    [3, [{ at: NOW - 4_999, by: "m", value: "x" }]],
    [1, series([NOW])],
  ]);
  forgetNeighbours(objects, REACHES, NOW);
  expect(objects.objects?.features).toEqual([0, 1, 3]);
});

test("a series and a history that are over go, a count without a window never does", () => {
  const over = contactWith([
    [0, series([NOW - 3_000, NOW - 1_000])],
    [3, [{ at: NOW - 5_000, by: "m", value: "x" }]],
    [1, series([NOW])],
  ]);
  forgetNeighbours(over, REACHES, NOW);
  expect(over.objects?.features).toEqual([1]);
  const count = contactWith([
    [2, 7],
    [3, NOW],
  ]);
  forgetNeighbours(count, REACHES, NOW);
  expect(numbersIn(count)).toEqual([2, 3]);
  expect(numberOf(count, 2)).toBe(7);
});
