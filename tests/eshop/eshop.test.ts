/** A summer of clicks in a clothes shop through a real server. */
import { expect, test } from "vitest";
import { skipWithoutFile } from "../retail/input.ts";
import { compareServer } from "../retail/through-server.ts";
import { ESHOP } from "./input.ts";

test.skipIf(skipWithoutFile(ESHOP))(
  "replayed clicks give every session the segments, points, tags, values and stage that SQL gives",
  async () => {
    expect(await compareServer(ESHOP, "neighbours")).toEqual([]);
  },
  600_000,
);
