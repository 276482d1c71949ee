/** Loads the model of a file into a store that has none yet. The first model of a store holds for all of its events. */
import { readFile } from "node:fs/promises";
import { formatDiagnostic, type Diagnostic } from "../dsl/diagnostic.ts";
import { buildModelRecord } from "../dsl/registry.ts";
import type { Clock } from "../kernel/clock.ts";
import { partitionKeys } from "../kernel/keys.ts";
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

/**
 * The model of the store, after loading the file where there was none. Every partition has it in its stream then, so
 * it holds from the first event that is accepted afterwards. Throws with the diagnostics of a wrong one.
 */
export async function loadInitialModel(options: InitialModelOptions): Promise<ModelRecord> {
  const { redis, file, log } = options;
  for (;;) {
    const current = await readCurrent(redis);
    if (current.version > 0) {
      if (file !== null) log.debug({ version: current.version }, "the store has a model, MODEL is not loaded");
      await tellUntold(redis, current, options.partitions);
      return current;
    }
    if (file === null) return current;
    const record = await buildFromFile(file, current, options.clock.now());
    // Another process may be first; then its model is the store's.
    if (!(await storeVersion(redis, record))) continue;
    await announceVersion(redis, record, options.partitions);
    log.info({ version: record.version, file }, "model loaded");
    return record;
  }
}

/**
 * Whoever stored the model may have died before telling the partitions, or may be about to tell them. The processor
 * would notice in the end, but what is accepted until then would be counted under no model. Telling twice is harmless.
 */
async function tellUntold(redis: RedisClient, model: ModelRecord, partitions: number): Promise<void> {
  const states = Array.from({ length: partitions }, (_, partition) => partitionKeys(partition).state);
  const taken = await Promise.all(states.map((state) => redis.hget(state, "model")));
  if (taken.some((version) => Number(version ?? 0) === 0)) await announceVersion(redis, model, partitions);
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
