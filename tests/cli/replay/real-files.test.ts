/** The example mappings over the files that they are for, against figures counted by other means. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Call } from "../../../cli/replay/call.ts";
import { checkColumns, createMapper, type Mapped } from "../../../cli/replay/mapper.ts";
import { parseMapping } from "../../../cli/replay/mapping.ts";
import { openSource } from "../../../cli/replay/source.ts";

const DATA = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
/** Where the data must be there; elsewhere these tests are left out. */
const required = process.env["CI"] === "true";

function readable(file: string): boolean {
  return required || existsSync(DATA + file);
}

interface Run {
  readonly calls: readonly Call[];
  readonly aside: ReadonlyMap<string, number>;
  readonly lines: number;
}

async function run(mappingName: string, file: string): Promise<Run> {
  const example = new URL(`../../../examples/${mappingName}.mapping.json`, import.meta.url);
  const mapping = parseMapping(readFileSync(example, "utf8"));
  const mapper = createMapper(mapping);
  const source = await openSource(DATA + file, mapping.input, (columns) => checkColumns(mapper, columns));
  const calls: Call[] = [];
  const aside = new Map<string, number>();
  let lines = 0;
  const take = (mapped: Mapped): void => {
    for (const call of mapped.calls) calls.push(call);
    for (const reason of mapped.aside) aside.set(reason, (aside.get(reason) ?? 0) + 1);
  };
  for await (const read of source.lines()) {
    lines += 1;
    if ("line" in read) take(mapper.take(read.line));
    else aside.set(read.unreadable, (aside.get(read.unreadable) ?? 0) + 1);
  }
  take(mapper.end());
  return { calls, aside, lines };
}

/** As the server does: the first with a messageId counts. */
function distinct(calls: readonly Call[], event: string): Call[] {
  const byId = new Map<string, Call>();
  for (const call of calls) if (call.event === event && !byId.has(call.messageId)) byId.set(call.messageId, call);
  return [...byId.values()];
}

/** In thousandths, which the file's prices have at most: whole numbers, so the sum is exact. */
function total(calls: readonly Call[], property: string): number {
  return calls.reduce((sum, { properties }) => sum + Math.round(Number(properties?.[property]) * 1000), 0) / 1000;
}

describe.runIf(readable("online_retail.csv.gz"))("Online Retail", () => {
  let retail: Run;
  beforeAll(async () => {
    retail = await run("online-retail", "online_retail.csv.gz");
  }, 240_000);

  test("every line is an event or set aside with its reason", () => {
    expect(retail.lines).toBe(541_909);
    expect([...retail.aside]).toEqual([["no customer", 135_080]]);
    expect(retail.calls).toHaveLength(397_924 + 8_905 + 18_536);
  });

  test("exact duplicates have the same messageId, everything else another", () => {
    expect(distinct(retail.calls, "Product Purchased")).toHaveLength(392_732);
    expect(distinct(retail.calls, "Product Returned")).toHaveLength(8_872);
    expect(distinct(retail.calls, "Order Completed")).toHaveLength(18_536);
  });

  test("orders sum what was bought, duplicates once", () => {
    const orders = distinct(retail.calls, "Order Completed");
    expect(total(orders, "total")).toBe(8_887_208.894);
    expect(total(orders, "items")).toBe(5_165_886);
    expect(total(orders, "lines")).toBe(392_732);
    expect(total(distinct(retail.calls, "Product Purchased"), "total")).toBe(8_887_208.894);
    expect(total(distinct(retail.calls, "Product Returned"), "total")).toBe(608_689.47);
  });

  test("an order is at the time of its last line, also where its lines are not together", () => {
    const order = (id: string): Call | undefined =>
      retail.calls.find(({ event, properties }) => event === "Order Completed" && properties?.["order_id"] === id);
    expect(order("536591")?.timestamp).toBe("2010-12-01T16:58:00.000Z");
    expect(order("542806")?.properties).toMatchObject({ total: 846.69, lines: 39 });
  });

  test("the first event says all that its line does", () => {
    expect(retail.calls[0]).toEqual({
      type: "track",
      messageId: expect.stringMatching(/^[\w-]{22}$/),
      userId: "17850",
      event: "Product Purchased",
      timestamp: "2010-12-01T08:26:00.000Z",
      properties: {
        order_id: "536365",
        sku: "85123A",
        family: "85123",
        name: "WHITE HANGING HEART T-LIGHT HOLDER",
        quantity: 6,
        price: 2.55,
        total: 15.3,
        country: "United Kingdom",
      },
      context: { traits: { country: "United Kingdom" } },
    });
  });
});

describe.runIf(readable("eshop_clothing_2008.csv.gz"))("Clickstream of a clothes shop", () => {
  test("every line is a view of an anonymous session, in the order of the clicks", async () => {
    const { calls, aside, lines } = await run("eshop-clothing", "eshop_clothing_2008.csv.gz");
    expect(lines).toBe(165_474);
    expect([...aside]).toEqual([]);
    expect(distinct(calls, "Product Viewed")).toHaveLength(165_474);
    expect(new Set(calls.map(({ anonymousId }) => anonymousId)).size).toBe(24_026);
    expect(calls[1]).toMatchObject({
      anonymousId: "session-1",
      timestamp: "2008-03-31T22:00:02.000Z",
      properties: { sku: "A16", category: "trousers", price: 33 },
    });
  }, 120_000);
});

describe.runIf(readable("otto_sample.jsonl"))("OTTO sessions", () => {
  test("every element of a session's list is an event", async () => {
    const { calls, aside, lines } = await run("otto", "otto_sample.jsonl");
    expect(lines).toBe(20);
    expect([...aside]).toEqual([]);
    expect(calls).toHaveLength(862);
    expect(new Set(calls.map(({ event }) => event))).toEqual(
      new Set(["Product Viewed", "Product Added", "Product Purchased"]),
    );
    expect(calls[0]).toMatchObject({ anonymousId: "session-0", timestamp: "2022-07-31T22:00:00.025Z" });
  });
});
