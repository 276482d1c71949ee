import { expect, test } from "vitest";
import { chooseTrial, tryIt } from "../../cli/try-it.ts";
import { readModel } from "../../dsl/check.ts";

function trialOf(source: string): ReturnType<typeof chooseTrial> {
  const { model } = readModel(source);
  if (model === null) throw new Error("the model of this test is wrong");
  return chooseTrial(model);
}

test("the segment that is shown is one that an event leads into at once", () => {
  const source = `
    segment "rich" = score > 1000
    segment "viewers of coats" = did("Product Viewed" where category = "coats")
    segment "then" = did("A" from 2 days to 1 day ago)
    segment "seen" = did(page "Home")
    segment "recent" = did("B" in last 1 day)
  `;
  expect(trialOf(source)).toEqual({ event: "B", segment: "recent" });
});

test("with no such segment it is the first, with an event that it speaks of", () => {
  expect(trialOf('segment "a" = count("X") > 3\nsegment "b" = known')).toEqual({ event: "X", segment: "a" });
  expect(trialOf('segment "a" = known')).toEqual({ event: "Order Completed", segment: "a" });
});

test("a model without segments has none to show", () => {
  expect(trialOf("score +1 on page")).toEqual({ event: "Order Completed", segment: null });
  expect(chooseTrial(null)).toEqual({ event: "Order Completed", segment: null });
});

const options = { url: "http://127.0.0.1:1", writeKeys: false, apiKeys: false };

test("names that are special to a shell or a URL are safe to paste", () => {
  const trial = { event: `Bob's "$HOME" \\`, segment: "50% off/'now'" };
  const commands = tryIt({ ...options, roles: ["ingest", "query"], trial }).filter((line) => !line.startsWith("#"));
  expect(commands[0]).toBe(
    `curl -s http://127.0.0.1:1/v1/track -d '{"userId":"ada","event":"Bob'\\''s \\"$HOME\\" \\\\","properties":{"total":120}}'; echo`,
  );
  expect(commands[2]).toBe(`curl -s 'http://127.0.0.1:1/v1/segments/50%25%20off%2F'\\''now'\\''/members'; echo`);
});

test("each role shows what it can do", () => {
  const trial = { event: "A", segment: "s" };
  const commands = (roles: Parameters<typeof tryIt>[0]["roles"]): number =>
    tryIt({ ...options, roles, trial }).filter((line) => line.startsWith("curl")).length;
  expect(commands(["ingest"])).toBe(1);
  expect(commands(["query"])).toBe(3);
  expect(commands(["processor"])).toBe(0);
});
