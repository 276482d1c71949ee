import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { check } from "../../cli/check.ts";

async function run(file: string, stdin = "", json = false): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const streams = {
    stdin: Readable.from([stdin]),
    out: { write: (text: string) => (out += text) },
    err: { write: (text: string) => (err += text) },
  };
  const code = await check(file, streams, json);
  return { code, out, err };
}

test("a model without mistakes is summed up", async () => {
  const source = 'score +1 on page\ntag "x" on "A"\nstages "a", "b"\nsegment "s" = score > 3\nsegment "t" = known\n';
  expect(await run("-", source)).toEqual({
    code: 0,
    out: "<stdin>: fine, 2 segments, 2 stages, 1 score rule, 1 tag rule\n",
    err: "",
  });
});

test("an empty model is one too", async () => {
  expect(await run("-", "# nothing yet\n")).toEqual({ code: 0, out: "<stdin>: fine, an empty model\n", err: "" });
});

test("mistakes are shown in their places", async () => {
  const source =
    'segment "loyal" = count("Order Completed") >= 3\nsegment "both" = in segment "loyl" and score = "x"\n';
  const { code, out } = await run("-", source);
  expect(code).toBe(1);
  expect(out).toMatchInlineSnapshot(`
    "<stdin>:2:29: unknown segment "loyl"
      segment "both" = in segment "loyl" and score = "x"
                                  ^^^^^^
      hint: did you mean "loyal"?

    <stdin>:2:48: this can never match: score is a number and "x" is a text
      segment "both" = in segment "loyl" and score = "x"
                                                     ^^^

    <stdin>: 2 errors
    "
  `);
});

test("what is not live yet is refused by name", async () => {
  const { code, out } = await run("-", 'segment "s" = did("A" then "B" within 1 day)\n');
  expect(code).toBe(1);
  expect(out).toMatchInlineSnapshot(`
    "<stdin>:1:15: sequences are not supported yet
      segment "s" = did("A" then "B" within 1 day)
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    <stdin>: 1 error
    "
  `);
});

test("a file that can't be read is wrong use", async () => {
  const { code, err } = await run("no/such/file.sluice");
  expect(code).toBe(2);
  expect(err).toContain("no/such/file.sluice can't be read: ENOENT");
});

test("--json says it in one document", async () => {
  const { code, out } = await run("-", 'segment "s" = known\nsegment "t" = in segment "u"\n', true);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toEqual({
    file: "<stdin>",
    ok: false,
    errors: 1,
    warnings: 0,
    diagnostics: [expect.objectContaining({ severity: "error", line: 2, column: 26, length: 3 })],
    declared: expect.any(Object),
  });
  const fine = await run("-", 'segment "s" = known\n', true);
  expect(fine.code).toBe(0);
  expect(JSON.parse(fine.out)).toMatchObject({ ok: true, declared: { segments: 1, stages: 0, scores: 0, tags: 0 } });
  const unreadable = await run("no/such/file.sluice", "", true);
  expect(unreadable).toMatchObject({ code: 2, err: "" });
  expect(JSON.parse(unreadable.out)).toMatchObject({ error: { code: "unreadable" } });
});

test("the model in the README is fine", async () => {
  const page = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, shown = ""] = /## A model to copy\s+```\n([\s\S]*?)```/.exec(page) ?? [];
  expect(await run("-", shown)).toMatchObject({ code: 0, out: expect.stringContaining("fine, 4 segments") });
});

describe("the examples", () => {
  test.each(["shop.sluice", "online-retail.sluice"])("%s is fine", async (name) => {
    const file = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
    expect(await run(file)).toMatchObject({ code: 0, out: expect.stringContaining(": fine, ") });
  });
});
