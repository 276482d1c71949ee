/** Reads a file, makes events of its lines as a mapping says, and sends them to a running server. */
import { readFileSync, statSync } from "node:fs";
import { EXIT } from "../exit-codes.ts";
import { grouped, writeJson, type Streams } from "../output.ts";
import { createCallReader } from "./as-they-are.ts";
import type { Call } from "./call.ts";
import { checkColumns, createMapper, type Mapped, type Mapper } from "./mapper.ts";
import { MappingError, parseMapping, type Mapping } from "./mapping.ts";
import { createPace, machineTime, type Pace } from "./pace.ts";
import { createTracker, FileChanged, type Tracker } from "./position.ts";
import { createProgress } from "./progress.ts";
import { createRejects } from "./rejects.ts";
import type { ReplayOptions } from "./options.ts";
import { explain, reportOf, reportText } from "./report.ts";
import { createSender, SendingEnded } from "./sender.ts";
import { openSource } from "./source.ts";
import {
  hashOfMapping,
  mismatch,
  readState,
  removeState,
  StateMismatch,
  writeState,
  type Identity,
  type Saved,
} from "./state-file.ts";

/** How often the position is written, at most. */
const SAVE_MS = 1_000;
/** A wait for the next event that is so long is worth settling before. */
const LONG_WAIT_MS = 1_000;

/** Runs to the end of the file, or until the signal comes, and returns the exit code. */
export async function replay(options: ReplayOptions, streams: Streams, signal: AbortSignal): Promise<number> {
  const { out, err } = streams;
  const fail = (message: string): number => {
    if (options.json) writeJson(out, { error: { code: "usage", message } });
    else err.write(`${message}\n`);
    return EXIT.usage;
  };
  let plan;
  let saved: Saved | null;
  try {
    plan = readPlan(options);
    saved = savedPosition(options, plan.identity);
  } catch (error) {
    if (error instanceof StateMismatch) return fail(error.message);
    return fail(`${options.mapping ?? options.file}: ${messageOf(error)}`);
  }
  let source;
  try {
    source = await openSource(options.file, plan.input, (columns) => checkColumns(plan.mapper, columns));
  } catch (error) {
    return fail(`${options.file} can't be read: ${messageOf(error)}`);
  }
  if (options.from === "restart" && options.state !== null) await removeState(options.state);
  if (saved !== null) {
    const { accepted, rejected } = saved;
    err.write(`going on after ${grouped(accepted + rejected)} events, from ${options.state ?? ""}\n`);
  }
  const run = createRun(options, plan, source.bytes, saved, streams, signal);
  const { progress, rejects, sender, tracker } = run;
  const began = performance.now();
  let failure: unknown = null;
  try {
    for await (const read of source.lines()) {
      if (signal.aborted) break;
      if ("line" in read) await run.take(plan.mapper.take(read.line), read.number, read.line);
      else if (options.mapping === null && run.records === 0) throw new MappingError("", NOT_CALLS);
      else await run.take({ calls: [], aside: [read.unreadable] }, read.number, read.raw);
      progress.update(source.bytesRead(), run.events);
    }
    if (!signal.aborted) {
      await run.take(plan.mapper.end(), null, null);
      tracker.end();
      await sender.finish();
      progress.update(source.bytes, run.events);
    }
  } catch (error) {
    if (!(error instanceof SendingEnded)) failure = error;
  }
  await sender.settled();
  const finished = failure === null && !signal.aborted;
  const kept = await run.close(finished ? "remove" : failure instanceof FileChanged ? "leave" : "save");
  progress.stop();

  if (failure instanceof FileChanged) {
    return fail(mismatch(options.state ?? "", "the input is not what it was then").message);
  }
  const seconds = (performance.now() - began) / 1000;
  const { records, events } = run;
  const before = saved === null ? 0 : saved.accepted + saved.rejected;
  const report = reportOf(options, { records, events, seconds, before, finished, kept }, run.totals(), rejects);
  const stopped = failure === null ? null : `stopped at record ${records}: ${explain(failure)}`;
  if (options.json)
    writeJson(out, stopped === null ? report : { ...report, error: { code: "stopped", message: stopped } });
  else out.write(reportText(report));
  if (stopped !== null) {
    if (!options.json) err.write(`${stopped}\n`);
    return failure instanceof MappingError ? EXIT.usage : EXIT.no;
  }
  if (!finished) return EXIT.interrupted;
  return report.rejected > 0 ? EXIT.refused : EXIT.ok;
}

const NOT_CALLS = "without --mapping each line must be a call of the API in JSON; a mapping says what other lines mean";

interface Plan {
  readonly mapper: Mapper;
  readonly input: Mapping["input"];
  readonly identity: Identity;
}

function readPlan({ file, mapping: path, url, concurrency }: ReplayOptions): Plan {
  const { bytes, mapping, text } = { ...readMapping(path), bytes: sizeOf(file) };
  return {
    mapper: mapping === null ? createCallReader() : createMapper(mapping),
    input: mapping?.input ?? { format: "ndjson" },
    identity: {
      bytes,
      mapping: text === null ? null : hashOfMapping(text),
      server: new URL(url).origin,
      concurrency,
    },
  };
}

function readMapping(path: string | null): { readonly mapping: Mapping | null; readonly text: string | null } {
  if (path === null) return { mapping: null, text: null };
  const text = readFileSync(path, "utf8");
  return { mapping: parseMapping(text), text };
}

/** Whether it can be read is told when it is opened. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Throws a `StateMismatch`. */
function savedPosition({ state, from }: ReplayOptions, identity: Identity): Saved | null {
  const saved = state === null || from === "restart" ? null : readState(state, identity);
  if (saved === null && from === "resume") {
    const why = state === null ? "with --no-state no position is kept" : `${state} is not there`;
    throw new StateMismatch(`There is nothing to resume: ${why}. Without --resume it begins at the start.`);
  }
  return saved;
}

interface Run {
  readonly progress: ReturnType<typeof createProgress>;
  readonly rejects: ReturnType<typeof createRejects>;
  readonly sender: ReturnType<typeof createSender>;
  readonly tracker: Tracker;
  readonly records: number;
  readonly events: number;
  /** Counts what a line came to and hands it on. */
  take(mapped: Mapped, record: number | null, content: unknown): Promise<void>;
  totals(): { readonly accepted: number; readonly rejected: number };
  /** Ends with the position as it is, written anew, or removed after the end of the file; true when there is one. */
  close(position: "leave" | "save" | "remove"): Promise<boolean>;
}

function createRun(
  options: ReplayOptions,
  { identity }: Plan,
  bytes: number,
  saved: Saved | null,
  { err }: Streams,
  signal: AbortSignal,
): Run {
  const rejects = createRejects(options.rejects, saved !== null);
  const tracker = createTracker(options.concurrency, saved?.position ?? null);
  const progress = createProgress(err, bytes);
  const sender = createSender({
    url: options.url,
    key: options.key,
    batchEvents: options.batch,
    lanes: options.concurrency,
    onRejected: (call, reason) => rejects.add(null, reason, call),
    onNote: (text) => progress.note(text),
    onAnswered: (lane, number) => tracker.answered(lane, number),
    signal,
  });
  let records = 0;
  /** Its place in the file, where lines without content count too. */
  let lastRecord = 0;
  let events = 0;
  let savedAt = performance.now();
  /** Off when the file can't be written. */
  let statePath = options.state;
  let hasPosition = false;

  const totals = (): { accepted: number; rejected: number } => ({
    accepted: (saved?.accepted ?? 0) + sender.accepted,
    rejected: (saved?.rejected ?? 0) + sender.rejected,
  });
  const save = async (): Promise<void> => {
    savedAt = performance.now();
    const { position } = tracker;
    // A file that lay there before stays true until this run has come further.
    if (statePath === null || tracker.catchingUp || position.answered.every((number) => number === 0)) return;
    const state: Saved = { format: 1, ...identity, position, records: lastRecord, ...totals() };
    try {
      await rejects.flush();
      await writeState(statePath, state);
      hasPosition = true;
    } catch (error) {
      progress.note(`the position can't be kept (${messageOf(error)}): --state FILE names another place for it`);
      statePath = null;
    }
  };
  const pace: Pace | null =
    options.speed === null
      ? null
      : createPace({
          speed: options.speed,
          ...machineTime(signal),
          async beforeWait(ms) {
            if (ms < LONG_WAIT_MS) return sender.flush();
            await sender.finish();
            await save();
          },
        });
  const send = async (call: Call, number: number): Promise<void> => {
    if (signal.aborted) throw new SendingEnded();
    await pace?.reach(Date.parse(call.timestamp));
    await sender.add(call, number);
  };
  return {
    progress,
    rejects,
    sender,
    tracker,
    get records() {
      return records;
    },
    get events() {
      return events;
    },
    async take({ calls, aside }, record, content) {
      const written = record !== null && record <= (saved?.records ?? 0);
      for (const reason of aside) {
        if (written) rejects.count(reason);
        else await rejects.add(record, reason, content);
      }
      for (const made of calls) for (const { call, number } of tracker.take(made)) await send(call, number);
      events += calls.length;
      if (record !== null) {
        records += 1;
        lastRecord = record;
      }
      if (performance.now() - savedAt >= SAVE_MS) await save();
    },
    totals,
    async close(position) {
      if (position === "save") await save();
      const path = statePath;
      if (position === "remove" && path !== null) await removeState(path);
      await rejects.close();
      return position === "save" && path !== null && (hasPosition || saved !== null);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
