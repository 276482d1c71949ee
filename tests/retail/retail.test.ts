/** The main job on real input: a year of a shop's orders through a real server. */
import { expect, test } from "vitest";
import { RETAIL, skipWithoutFile } from "./input.ts";
import { compareServer } from "./through-server.ts";

test.skipIf(skipWithoutFile(RETAIL))(
  "a replayed year of orders gives every customer the segments, points, tags, values and stage that SQL gives",
  async () => {
    expect(await compareServer(RETAIL, "abroad")).toEqual([]);
  },
  600_000,
);
