/**
 * The main job on real input: a year of a shop's orders is replayed through HTTP into a real server, and the members of
 * every segment, and the score, stage and tags of every customer, are compared with SQL over the same file.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, readAnswers, readCard, readMembers } from "./answers.ts";
import { countStages, expectSame } from "./comparison.ts";
import { computeExpected } from "./expected.ts";
import { CSV_FILE, MAPPING_FILE, MODEL_FILE, skipWithoutFile } from "./input.ts";
import { endAll, runSluice, startSluice, type SluiceServer } from "./sluice.ts";

const CARD_EVERY = 50;

const skip = skipWithoutFile();
let server: SluiceServer | null = null;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-replay-"));
});

afterAll(async () => {
  await server?.stop();
  await endAll();
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(skip)(
  "a replayed year of orders gives every customer the segments, points, tags and stage that SQL gives",
  async () => {
    const running = await startSluice({ CLOCK: "event", MODEL: MODEL_FILE, LOG_LEVEL: "warn" });
    server = running;
    const { url } = running;
    const rejects = join(folder, "rejects.ndjson");
    const report = await runSluice(["replay", CSV_FILE, "--mapping", MAPPING_FILE, "--url", url, "--rejects", rejects]);
    process.stdout.write(report);
    await call(`${url}/v1/settle?timeout=120`, {});

    const answers = await readAnswers(url);
    const expected = await computeExpected(CSV_FILE);
    expect(answers.asOf).toBe(new Date(expected.now).toISOString());
    expectSame(answers, expected);
    expect(answers.funnel).toEqual(countStages(expected));

    const lines = (await readFile(rejects, "utf8")).trimEnd().split("\n");
    expect(lines, "lines that were set aside").toHaveLength(expected.anonymousLines);

    // Everybody is compared above; the cards tell in addition what only their owner knows.
    for (const [id, customer] of [...expected.customers].filter((_, i) => i % CARD_EVERY === 0)) {
      const card = await readCard(url, id);
      expect(card.customer).toEqual(customer);
      expect(card.profile).toEqual(expected.profiles.get(id));
      const segments = [...expected.members].filter(([, ids]) => ids.has(id)).map(([name]) => name);
      expect(card.segments.toSorted()).toEqual(segments.sort());
    }

    const byScore = (await readMembers(url, "abroad", "score")).map(({ id, score }) => ({ id, score }));
    expect(new Set(byScore.map(({ id }) => id))).toEqual(answers.members.get("abroad"));
    expect(byScore.map(({ score }) => score)).toEqual(byScore.map(({ score }) => score).sort((a, b) => b - a));
    expect(byScore.map(({ score }) => score)).toEqual(byScore.map(({ id }) => expected.profiles.get(id)?.score));

    const { rejected } = await call<{ rejected: unknown[] }>(`${url}/v1/rejected`);
    expect(rejected).toEqual([]);
    server = null;
    expect(await running.stop()).toBe(0);
  },
  300_000,
);
