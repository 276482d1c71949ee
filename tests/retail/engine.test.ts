/** A year of a shop's orders through the engine alone. */
import { expect, test } from "vitest";
import { RETAIL, skipWithoutFile } from "./input.ts";
import { compareEngine } from "./through-engine.ts";

test.skipIf(skipWithoutFile(RETAIL))(
  "in any order of arrival, and over a restart, the engine says the same about every customer as SQL",
  async () => {
    expect(await compareEngine(RETAIL)).toEqual([]);
  },
  600_000,
);
