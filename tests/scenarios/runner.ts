/** Runs a scenario against the engine, in several ways that must not make a difference. */
import { buildModelRecord } from "../../dsl/registry.ts";
import type { Diagnostic } from "../../dsl/diagnostic.ts";
import { readCall } from "../../ingest/calls.ts";
import { SluiceError } from "../../kernel/errors.ts";
import type { CallKind, Event } from "../../kernel/event.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL, type ModelRecord } from "../../kernel/model-record.ts";
import { createEngineSubject, type EngineSubject } from "../harness/engine.ts";
import { judge, type Seen } from "./judge.ts";
import { type Place, tell } from "./scanner.ts";
import type { Scenario, Statement } from "./script.ts";

export interface Way {
  readonly name: string;
  /** Events that arrive one behind the other at one instant are one batch. */
  readonly batches?: boolean;
  readonly restarts?: boolean;
  readonly partitions?: number;
  /** Bytes of pages in memory. */
  readonly memory?: number;
}

export const WAYS: readonly Way[] = [
  { name: "one event at a time" },
  { name: "one batch an instant", batches: true },
  { name: "a restart after every line", restarts: true },
  { name: "4 partitions", batches: true, partitions: 4 },
  { name: "no page in memory", memory: 1 },
];

/** Everything that went otherwise than the script says, each with its file and line. */
export async function runScenario(scenario: Scenario, way: Way): Promise<string[]> {
  const problems: string[] = [];
  let run: Run | null = null;
  let place = scenario.place;
  try {
    run = await begin(scenario, way);
    for (let i = 0; i < scenario.statements.length; i++) {
      const statement = scenario.statements[i];
      if (statement === undefined) break;
      ({ place } = statement);
      if (statement.kind === "event") {
        const together = way.batches === true ? batchAt(scenario, i) : [statement];
        await sendTogether(run, together);
        i += together.length - 1;
      } else {
        problems.push(...(await take(run, statement)));
      }
      const lineIsOver = scenario.statements[i + 1]?.place.line !== place.line;
      if (way.restarts === true && lineIsOver) await run.subject.restart();
    }
  } catch (error) {
    problems.push(describe(place, error));
  } finally {
    await run?.subject.close();
  }
  return problems;
}

function describe(place: Place, error: unknown): string {
  if (error instanceof SluiceError) return tell(place, `the call was refused: ${error.message}`).message;
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith(`${place.file}:`) ? message : tell(place, `the engine failed: ${message}`).message;
}

interface Run {
  readonly scenario: Scenario;
  readonly subject: EngineSubject;
  record: ModelRecord;
  diagnostics: readonly Diagnostic[];
  /** The first model was given at the engine's start. */
  begun: boolean;
  /** With the event clock: the largest timestamp, or instant set, so far. */
  latest: number;
}

async function begin(scenario: Scenario, way: Way): Promise<Run> {
  const [first] = scenario.statements;
  const source = first?.kind === "model" && !first.wrong ? first.source : "";
  const { clockMode, limits } = scenario;
  const { partitions = 1, memory = Infinity } = way;
  const run = { scenario, record: EMPTY_MODEL, diagnostics: [], begun: source !== "", latest: 0 };
  if (first !== undefined) read(run, source, first.place);
  return { ...run, subject: await createEngineSubject(source, { clockMode, limits, partitions, memory }) };
}

/** Checks the model as the engine will, for its diagnostics and the numbers of its segments. */
function read(run: Omit<Run, "subject">, source: string, place: Place): void {
  const result = buildModelRecord(run.record, source, run.scenario.start, "test", {
    ...LIMITS,
    ...run.scenario.limits,
  });
  if (!result.ok) {
    const told = result.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
    throw tell(place, `the model has errors: ${told.join("; ")}`);
  }
  run.record = result.record;
  run.diagnostics = result.warnings;
}

/** The events from `index` on that come in one request. */
function batchAt(scenario: Scenario, index: number): Extract<Statement, { kind: "event" }>[] {
  const batch: Extract<Statement, { kind: "event" }>[] = [];
  for (const statement of scenario.statements.slice(index)) {
    const first = batch[0] ?? statement;
    if (statement.kind !== "event" || first.kind !== "event") break;
    if (scenario.clockMode === "wall" && statement.now !== first.now) break;
    batch.push(statement);
  }
  return batch;
}

async function sendTogether(run: Run, calls: readonly Extract<Statement, { kind: "event" }>[]): Promise<void> {
  const events: Event[] = [];
  let receivedAt = run.scenario.machine;
  for (const { now, call, place, refused } of calls) {
    if (run.scenario.clockMode === "wall") receivedAt = now;
    const { type, ...fields } = call;
    const event = accepted(fields, type as CallKind, receivedAt, run.scenario);
    if (refused !== event instanceof SluiceError) {
      throw tell(place, event instanceof SluiceError ? `the call was refused: ${event.message}` : "the call was taken");
    }
    if (event instanceof SluiceError) continue;
    run.latest = Math.max(run.latest, event.timestamp);
    events.push(event);
  }
  if (events.length > 0) await run.subject.send(receivedAt, events);
}

function accepted(
  fields: Parameters<typeof readCall>[0],
  kind: CallKind,
  receivedAt: number,
  { clockMode }: Scenario,
): Event | SluiceError {
  try {
    return readCall(fields, kind, { receivedAt, clockMode, limits: LIMITS, sender: "server" });
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}

async function take(run: Run, statement: Exclude<Statement, { kind: "event" }>): Promise<string[]> {
  const { scenario, subject } = run;
  switch (statement.kind) {
    case "clock":
      run.latest = Math.max(run.latest, statement.now);
      await subject.advance(statement.now);
      return [];
    case "restart":
      await subject.restart();
      return [];
    case "model":
      return takeModel(run, statement);
    case "expect": {
      // Asking for a settle: every partition follows the largest timestamp.
      if (scenario.clockMode === "event" && run.latest > 0) await subject.advance(run.latest);
      const names = new Map(run.record.segments.map(([name, id]) => [id, name]));
      const segmentName = (id: number): string => names.get(id) ?? `segment ${id}`;
      const seen: Seen = { subject, start: scenario.start, diagnostics: run.diagnostics, segmentName };
      const wrong = await judge(statement.claim, seen);
      return wrong.map((found) => tell(statement.place, `expected ${statement.says}, but ${found}`).message);
    }
  }
}

async function takeModel(run: Run, statement: Extract<Statement, { kind: "model" }>): Promise<string[]> {
  const { source, wrong, place } = statement;
  if (wrong) {
    const result = buildModelRecord(run.record, source, run.scenario.start, "test");
    run.diagnostics = result.ok ? result.warnings : result.diagnostics;
    return result.ok ? [tell(place, "the model should have been refused, but it was taken").message] : [];
  }
  if (run.begun) {
    run.begun = false;
    return [];
  }
  read(run, source, place);
  await run.subject.putModel(run.scenario.clockMode === "wall" ? 0 : run.scenario.machine, source);
  return [];
}
