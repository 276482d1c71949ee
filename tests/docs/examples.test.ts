/** The models in examples/: nothing is said of them, and they do in short what their comments say. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readModel } from "../../dsl/check.ts";
import { told } from "../dsl/told.ts";
import { readScenarios } from "../scenarios/reader.ts";
import { runScenario, WAYS } from "../scenarios/runner.ts";

const folder = new URL("../../examples/", import.meta.url);
const models = readdirSync(folder).filter((name) => name.endsWith(".sluice"));

function sourceOf(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

test("there are a shop, leads of a business and a newsletter", () => {
  expect(models).toEqual(expect.arrayContaining(["b2b-leads.sluice", "newsletter.sluice", "shop.sluice"]));
});

describe("nothing is said of", () => {
  test.each(models)("%s", (name) => {
    const { diagnostics, model } = readModel(sourceOf(name));
    expect(told(diagnostics)).toEqual([]);
    expect(model).not.toBeNull();
  });
});

const STORIES: [name: string, story: string][] = [
  [
    "shop.sluice",
    `
at 0 page "Home" by ada
at 0 identify ada {email: "ada@mail.example", birthday: "1990-01-20", plan: "club"}
at 1m "Product Viewed" by ada {category: "hats"} 5 times
at 2m "Product Added" by ada {category: "hats"}
expect ada: score 41, stage "lead", tag "hats" 5, tag "wants:hats" 3, tag "browsing" 5, in "hat people"
expect ada: in "basket reminder", not in "buyers", value "average basket" missing
at 10m "Order Completed" by ada {total: 600, products: [{brand: "Rivet", category: "gifts"}]}
expect ada: stage "customer", tag "brand:Rivet" 1, tag "big spender" 2, value "spent" 600
expect ada: in "new buyers", in "big spenders", in "bought a gift", not in "basket reminder"
at 31m expect ada: no tag "browsing"
at 2026-01-20T11:00:00+01:00 expect ada: in "birthday", not in "active"
at 2026-01-21T00:00:00+01:00 expect ada: not in "birthday"
at 100d expect ada: in "lapsed", in "winback mailing", not in "big spenders"
expect moves of "lapsed": ada enters at 90d10m by time`,
  ],
  [
    "b2b-leads.sluice",
    `
at 0 identify carl {email: "carl@werk.example", industry: "machinery", employees: 500, role: "Head of IT"}
at 0 identify dora {email: "dora@gmail.com", role: "Student"}
expect carl: score 45, stage "lead"
expect dora: score -70, stage "lead"
at 1d page "Pricing" by carl 3 times
at 1d "Webinar Attended" by carl {topic: "safety", minutes: 65}
expect carl: score 87, stage "mql", tag "topic:safety" 2
expect carl: in "hot", in "reads prices", in "webinar follow-up", in "nurture safety"
at 8d expect carl: not in "hot", not in "reads prices"
at 31d expect carl: score 60, stage "mql", in "cooling"
at 32d "Trial Started" by carl
at 32d "Feature Used" by carl {feature: "plans"}
expect carl: stage "sql", not in "stalled trial", tag "uses:plans" 1
at 39d expect carl: in "stalled trial"
at 40d "Deal Won" by carl {amount: 120000}
expect carl: stage "customer", value "contract" 120000, in "large accounts", not in "stalled trial"`,
  ],
  [
    "newsletter.sluice",
    `
at 0 "Subscribed" by ella
at 0 "Subscribed" by finn
expect "welcome mail": ella, finn
at 1d "Issue Sent" by ella {issue: 1}
at 1d "Issue Sent" by finn {issue: 1}
at 2d "Issue Opened" by ella {issue: 1}
at 2d "Link Clicked" by ella {section: "science", topics: ["space", "books"]}
expect ella: score 4, tag "science" 1, tag "topic:space" 1, value "open rate" 1, in "engaged", in "science edition"
expect "welcome mail": finn
at 3d identify ella {sections: ["culture"]}
expect ella: not in "science edition"
at 62d expect ella: score 0
at 70d "Unsubscribed" by finn
expect "on the list": ella
at 71d "Subscribed" by finn
expect "new readers": finn
at 91d expect "silent": finn
at 92d expect "silent": ella, finn
at 365d expect "a year with us": ella, finn`,
  ],
];

describe("as its comments say", () => {
  test.each(STORIES)("%s", async (name, story) => {
    const model = sourceOf(name).replaceAll(/^(?=.)/gm, "  ");
    const [scenario] = readScenarios(name, `scenario "${name}"\nmodel\n${model}${story}\n`);
    if (scenario === undefined) throw new Error("the story can't be read");
    for (const way of WAYS) expect([way.name, await runScenario(scenario, way)]).toEqual([way.name, []]);
  });
});
