/** Loads the model of a file into a store that has none yet. */
import { readFile } from "node:fs/promises";
import { formatDiagnostic, type Diagnostic } from "../dsl/diagnostic.ts";
import { buildModelRecord } from "../dsl/registry.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { ModelRecord } from "../kernel/model-record.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { announceVersion, readCurrent, storeVersion } from "../query/model-store.ts";
import { shownPath } from "./shown-path.ts";

/** The file of MODEL can't be read or is no model. */
export class ModelFileError extends Error {}

export interface InitialModelOptions {
  readonly redis: RedisClient;
  readonly partitions: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Null: leave the store as it is. */
  readonly file: string | null;
}

/** The model of the store, after loading the file where there was none. Throws with the diagnostics of a wrong one. */
export async function loadInitialModel(options: InitialModelOptions): Promise<ModelRecord> {
  const { redis, file, log } = options;
  for (;;) {
    const current = await readCurrent(redis);
    if (file === null) return current;
    if (current.version > 0) {
      log.debug({ version: current.version }, "the store has a model, MODEL is not loaded");
      return current;
    }
    const record = await buildFromFile(file, current, options.clock.now());
    // Another process may be first; then its model is the store's.
    if (!(await storeVersion(redis, record))) continue;
    await announceVersion(redis, record, options.partitions);
    log.info({ version: record.version, file }, "model loaded");
    return record;
  }
}

async function buildFromFile(file: string, previous: ModelRecord, at: number): Promise<ModelRecord> {
  let source: string;
  try {
    source = await readFile(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ModelFileError(`The model ${shownPath(file)} (MODEL) can't be read: ${why}`, { cause: error });
  }
  const built = buildModelRecord(previous, source, at, "file");
  if (built.ok) return built.record;
  throw new ModelFileError(
    `The model ${shownPath(file)} (MODEL) has mistakes:\n${formatAll(source, file, built.diagnostics)}`,
  );
}

function formatAll(source: string, file: string, diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((one) => formatDiagnostic(source, shownPath(file), one)).join("\n");
}
