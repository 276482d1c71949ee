/** Lets the shop of the demo live: its calls go to a server at their pace, or into a file. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { machineClock } from "../../kernel/clock.ts";
import { awayMessage } from "../client.ts";
import { EXIT } from "../exit-codes.ts";
import { counted, grouped, writeJson, type Streams } from "../output.ts";
import { createPace, machineTime, type Pace } from "../replay/pace.ts";
import { createSender, SendError, SendingEnded } from "../replay/sender.ts";
import type { Timed } from "./merge.ts";
import { createShop } from "./shop.ts";

export interface DemoOptions {
  readonly url: string;
  readonly key: string | null;
  readonly contacts: number;
  readonly seed: number;
  readonly past_ms: number;
  /** Milliseconds since 1970; null is now. */
  readonly until: number | null;
  /** Of the past, times the pace of life; null is as fast as possible. */
  readonly speed: number | null;
  /** How long it goes on in real time; Infinity until it is interrupted. */
  readonly live_ms: number;
  /** Calls a second in real time. */
  readonly rate: number;
  readonly companies: boolean;
  /** Where NDJSON goes, `-` for standard output; null sends. */
  readonly file: string | null;
  readonly json: boolean;
}

/** Where calls go. */
interface Sink {
  take(timed: Timed): Promise<void>;
  finish(): Promise<void>;
  readonly accepted: number;
  readonly rejected: number;
  /** The first reason why the server refused one. */
  readonly reason: string | null;
}

const BATCH_EVENTS = 500;
const PROBE_MS_MAX = 5_000;

/** Returns the exit code. Interrupting the past leaves it unfinished; real time ends that way as it should. */
export async function demo(options: DemoOptions, streams: Streams, signal: AbortSignal): Promise<number> {
  const { out, err } = streams;
  const fail = (exit: number, code: string, message: string): number => {
    if (options.json && options.file !== "-") writeJson(out, { error: { code, message } });
    else err.write(`${message}\n`);
    return exit;
  };
  if (options.file === null) {
    const away = await probe(options.url);
    if (away !== null) return fail(EXIT.away, "no_server", away);
  }
  const began = performance.now();
  const until = options.until ?? machineClock.now();
  const shop = createShop({ ...options, until });
  const sink = options.file === null ? sending(options, streams, signal) : writing(options.file, streams);
  let events = 0;
  let live = false;
  try {
    for (const timed of shop.past()) {
      if (signal.aborted) break;
      await sink.take(timed);
      events += 1;
    }
    if (options.live_ms > 0 && !signal.aborted) {
      await sink.finish();
      live = true;
      const from = options.until ?? (options.file === null ? machineClock.now() : until);
      if (options.file === null && events > 0) err.write(`${counted(events, "event")} of the past sent, now live\n`);
      const pace = options.file === null ? paceOf(sink, 1, signal) : null;
      await pace?.reach(from);
      for (const timed of shop.future(from, options.rate)) {
        // The last wait is for the end, not for the call behind it.
        if (timed.at - from > options.live_ms) {
          await pace?.reach(from + options.live_ms);
          break;
        }
        await pace?.reach(timed.at);
        if (signal.aborted) break;
        await sink.take(timed);
        events += 1;
      }
    }
    await sink.finish();
  } catch (error) {
    if (error instanceof SendError) return fail(EXIT.no, "refused", error.message);
    if (error instanceof FileTrouble) return fail(EXIT.usage, "unwritable", error.message);
    if (!(error instanceof SendingEnded)) throw error;
  }
  const finished = !signal.aborted || (live && options.live_ms === Infinity);
  const seconds = (performance.now() - began) / 1000;
  const { contacts, seed, file } = options;
  const { accepted, rejected, reason } = sink;
  const report = { finished, contacts, seed, events, seconds, accepted, rejected, reason, file };
  // Standard output belongs to the calls when they go there.
  const place = file === "-" ? err : out;
  if (options.json) writeJson(place, report);
  else place.write(reportText(report));
  if (!finished) return EXIT.interrupted;
  return rejected > 0 ? EXIT.refused : EXIT.ok;
}

/** Null when somebody answers. Whoever tries the demo has often not started a server yet, and should not wait for it. */
async function probe(url: string): Promise<string | null> {
  try {
    const answer = await fetch(new URL("/healthz", url), { signal: AbortSignal.timeout(PROBE_MS_MAX) });
    await answer.body?.cancel();
    return null;
  } catch (error) {
    return awayMessage(url, error);
  }
}

function sending({ url, key, speed }: DemoOptions, { err }: Streams, signal: AbortSignal): Sink {
  let reason: string | null = null;
  const sender = createSender({
    url,
    key,
    batchEvents: BATCH_EVENTS,
    lanes: 1,
    onRejected: async (_, why) => {
      reason ??= why;
    },
    onNote: (text) => void err.write(`${text}\n`),
    signal,
  });
  const sink: Sink = {
    async take({ at, call }) {
      await pace?.reach(at);
      await sender.add(call);
    },
    finish: () => sender.finish(),
    get accepted() {
      return sender.accepted;
    },
    get rejected() {
      return sender.rejected;
    },
    get reason() {
      return reason;
    },
  };
  const pace = speed === null ? null : paceOf(sink, speed, signal);
  return sink;
}

function paceOf(sink: Sink, speed: number, signal: AbortSignal): Pace {
  return createPace({ speed, ...machineTime(signal), beforeWait: () => sink.finish() });
}

/** The file can't be written. */
class FileTrouble extends Error {}

function writing(file: string, { out }: Streams): Sink {
  const stream = file === "-" ? null : createWriteStream(file);
  let trouble: Error | null = null;
  stream?.on("error", (error) => (trouble ??= error));
  const check = (): void => {
    if (trouble !== null) throw new FileTrouble(`${file} can't be written: ${trouble.message}`);
  };
  return {
    async take({ call }) {
      check();
      const line = `${JSON.stringify(call)}\n`;
      const target = stream ?? (out as NodeJS.WritableStream);
      if (!target.write(line)) await once(target, "drain").catch(() => check());
    },
    async finish() {
      if (stream !== null && trouble === null) await new Promise<void>((resolve) => stream.write("", () => resolve()));
      check();
    },
    accepted: 0,
    rejected: 0,
    reason: null,
  };
}

interface DemoReport {
  readonly finished: boolean;
  readonly contacts: number;
  readonly events: number;
  readonly seconds: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly reason: string | null;
  readonly file: string | null;
}

function reportText(report: DemoReport): string {
  const { events, contacts, seconds, accepted, rejected, reason, file } = report;
  const made = `${counted(events, "event")} of ${counted(contacts, "contact")} in ${seconds.toFixed(1)} s`;
  if (file !== null) {
    const next = file === "-" ? "" : `\nsluice replay ${file} sends them.`;
    return `${made}, written${file === "-" ? "" : ` to ${file}`}${next}\n`;
  }
  const why = reason === null ? "" : ` (${reason})`;
  const rows = [`${made}: ${grouped(accepted)} accepted, ${grouped(rejected)} rejected${why}`];
  rows.push("What came of it: sluice segments, sluice query 'score >= 50', sluice contact u1");
  return `${rows.join("\n")}\n`;
}
