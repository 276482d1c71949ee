/** A summer of clicks in a clothes shop through the engine alone. */
import { expect, test } from "vitest";
import { skipWithoutFile } from "../retail/input.ts";
import { compareEngine } from "../retail/through-engine.ts";
import { ESHOP } from "./input.ts";

test.skipIf(skipWithoutFile(ESHOP))(
  "in any order of arrival, and over a restart, the engine says the same about every session as SQL",
  async () => {
    expect(await compareEngine(ESHOP)).toEqual([]);
  },
  600_000,
);
