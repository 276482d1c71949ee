/** `sluice replay`: reads a file, makes events of its lines as a mapping says, and sends them to a running server. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { checkColumns, createMapper, type Mapped } from "./mapper.ts";
import { MappingError, parseMapping, type Mapping } from "./mapping.ts";
import { createProgress, grouped, type Screen } from "./progress.ts";
import { createRejects, type Rejects } from "./rejects.ts";
import { createSender, SendError, type Sender } from "./sender.ts";
import { openSource } from "./source.ts";

export interface ReplayOptions {
  readonly file: string;
  readonly mapping: string;
  readonly url: string;
  readonly key: string | null;
  readonly batch: number;
  readonly concurrency: number;
  /** Where lines that are set aside go; null keeps only their counts. */
  readonly rejects: string | null;
}

export interface Streams {
  readonly out: Screen;
  readonly err: Screen & NodeJS.WritableStream;
}

/** Exit codes of the command. */
export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;
export const DONE_WITH_REJECTIONS = 3;

/** Runs to the end of the file and returns the exit code. */
export async function replay(options: ReplayOptions, { out, err }: Streams): Promise<number> {
  const mapping = readMapping(options.mapping, err);
  if (mapping === null) return WRONG_USE;
  const mapper = createMapper(mapping);
  const began = performance.now();
  const rejects = createRejects(options.rejects);
  let source;
  try {
    source = await openSource(options.file, mapping.input, (columns) => checkColumns(mapper, columns));
  } catch (error) {
    err.write(`${options.file} can't be read: ${messageOf(error)}\n`);
    return WRONG_USE;
  }

  const progress = createProgress(err, source.bytes);
  const sender = createSender({
    url: options.url,
    key: options.key,
    batchEvents: options.batch,
    lanes: options.concurrency,
    onRejected: (call, reason) => rejects.add(null, reason, call),
    onNote: (text) => progress.note(text),
  });
  let lines = 0;
  let events = 0;
  const handOn = async (mapped: Mapped, record: number | null, content: unknown): Promise<void> => {
    for (const reason of mapped.aside) await rejects.add(record, reason, content);
    for (const call of mapped.calls) await sender.add(call);
    events += mapped.calls.length;
  };
  let failure: unknown = null;
  try {
    for await (const read of source.lines()) {
      lines += 1;
      if ("line" in read) await handOn(mapper.take(read.line), read.number, read.line);
      else await rejects.add(read.number, read.unreadable, read.raw);
      progress.update(source.bytesRead(), events);
    }
    await handOn(mapper.end(), null, null);
    await sender.finish();
    progress.update(source.bytes, events);
  } catch (error) {
    failure = error;
  } finally {
    progress.stop();
    await rejects.close();
  }

  const seconds = (performance.now() - began) / 1000;
  out.write(report(basename(options.file), { lines, events, seconds }, sender, rejects));
  if (failure !== null) {
    err.write(`stopped at record ${lines}: ${explain(failure)}\n`);
    return failure instanceof MappingError ? WRONG_USE : FAILED;
  }
  return sender.rejected > 0 ? DONE_WITH_REJECTIONS : DONE;
}

function readMapping(path: string, err: Screen): Mapping | null {
  try {
    const mapping = parseMapping(readFileSync(path, "utf8"));
    // Compiling finds what the shape alone doesn't show, such as a time zone that there is not.
    createMapper(mapping);
    return mapping;
  } catch (error) {
    err.write(`${path}: ${messageOf(error)}\n`);
    return null;
  }
}

interface Totals {
  readonly lines: number;
  readonly events: number;
  readonly seconds: number;
}

function report(file: string, { lines, events, seconds }: Totals, sender: Sender, rejects: Rejects): string {
  const rate = seconds > 0 ? events / seconds : 0;
  const rows = [
    `${file}: ${grouped(lines)} records read in ${seconds.toFixed(1)} s`,
    `${grouped(events)} events made (${grouped(rate)}/s), ${grouped(sender.accepted)} accepted, ` +
      `${grouped(sender.rejected)} rejected`,
  ];
  if (rejects.total > 0) {
    const place = rejects.file === null ? "" : `, kept in ${rejects.file}`;
    rows.push(`${grouped(rejects.total)} set aside${place}:`);
    const width = Math.max(...rejects.counts().map(([, count]) => grouped(count).length));
    for (const [reason, count] of rejects.counts()) rows.push(`  ${grouped(count).padStart(width)}  ${reason}`);
  }
  return `${rows.join("\n")}\n`;
}

function explain(failure: unknown): string {
  if (failure instanceof SendError || failure instanceof MappingError) return failure.message;
  const code = failure instanceof Error ? (failure as NodeJS.ErrnoException).code : undefined;
  if (code === "Z_BUF_ERROR" || code === "Z_DATA_ERROR") return "the gzip file is damaged or was cut off";
  return messageOf(failure);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
