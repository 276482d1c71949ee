/** A file of events replayed through HTTP into a real server, whose answers are compared with SQL over the same file. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { call, readAnswers, readCard, readMembers } from "./answers.ts";
import { compare, compareCards, countStages } from "./comparison.ts";
import { computeExpected, type Customer } from "./expected.ts";
import type { RealInput } from "./input.ts";
import { endCommands, runSluice } from "../harness/program.ts";
import { endServers, startServer } from "../harness/server.ts";

/** Everybody is compared by the lists; the cards tell in addition what only their owner knows. */
const CARDS = 100;

/**
 * Compares everybody's segments, points, tags and stage, and the cards of some; returns what is different, in words.
 *
 * @param ordered a segment whose members are read by score as well.
 */
export async function compareServer(input: RealInput, ordered: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-replay-"));
  try {
    const server = await startServer({
      env: { CLOCK: "event", MODEL: input.modelFile, LOG_LEVEL: "warn", DISTINCT_MAX: String(input.distinctMax) },
    });
    const differences = await replay(input, ordered, server.url, join(folder, "rejects.ndjson"));
    expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    return differences;
  } finally {
    await endCommands();
    await endServers();
    await rm(folder, { recursive: true, force: true });
  }
}

async function replay(input: RealInput, ordered: string, url: string, rejects: string): Promise<string[]> {
  const { csvFile, mappingFile } = input;
  // Nothing is written beside the data.
  const places = ["--rejects", rejects, "--no-state"];
  const report = await runSluice(["replay", csvFile, "--mapping", mappingFile, "--url", url, ...places]);
  process.stdout.write(report);
  await call(`${url}/v1/settle?timeout=120`, {});

  const answers = await readAnswers(url);
  const expected = await computeExpected(input);
  const differences = compare(answers, expected);
  expect(answers.asOf).toBe(new Date(expected.now).toISOString());
  expect(answers.funnel).toEqual(countStages(answers));

  const lines = existsSync(rejects) ? (await readFile(rejects, "utf8")).split("\n").filter((line) => line !== "") : [];
  expect(lines, "lines that were set aside").toHaveLength(expected.asideLines);

  const every = Math.ceil(expected.customers.size / CARDS);
  const cards = new Map<string, Customer>();
  for (const id of [...expected.customers.keys()].filter((_, i) => i % every === 0)) {
    const { customer, profile, segments } = await readCard(url, id);
    cards.set(id, customer);
    expect(profile).toEqual(answers.profiles.get(id));
    const names = [...answers.members].filter(([, ids]) => ids.has(id)).map(([name]) => name);
    expect(segments.toSorted()).toEqual(names.sort());
  }

  const byScore = (await readMembers(url, ordered, "score")).map(({ id, score }) => ({ id, score }));
  expect(new Set(byScore.map(({ id }) => id))).toEqual(answers.members.get(ordered));
  expect(byScore.map(({ score }) => score)).toEqual(byScore.map(({ score }) => score).sort((a, b) => b - a));
  expect(byScore.map(({ score }) => score)).toEqual(byScore.map(({ id }) => answers.profiles.get(id)?.score));

  const { rejected } = await call<{ rejected: unknown[] }>(`${url}/v1/rejected`);
  expect(rejected).toEqual([]);
  return [...differences, ...compareCards(cards, expected)];
}
