import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VARIABLES } from "../../kernel/config.ts";

const TEXT = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");

test("every setting is documented, and nothing that is none", () => {
  const settings = TEXT.slice(TEXT.indexOf("## Settings"), TEXT.indexOf("## Sizing"));
  const named = [...settings.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name);
  expect(new Set(named)).toEqual(new Set(VARIABLES.map(({ name }) => name)));
});
