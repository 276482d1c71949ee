/** Checking, storing and announcing a new version of the model. */
import type { Diagnostic } from "../dsl/diagnostic.ts";
import { freshWarnings } from "../dsl/fresh-warnings.ts";
import { modelChanges, type ModelChanges } from "../dsl/model-changes.ts";
import { buildModelRecord, checkedModelOf } from "../dsl/registry.ts";
import { unseenWarnings } from "../dsl/unseen.ts";
import { SluiceError } from "../kernel/errors.ts";
import type { ModelRecord } from "../kernel/model-record.ts";
import { readSeenNames } from "../kernel/seen-names-store.ts";
import type { SeenNames } from "../kernel/seen-names.ts";
import type { QueryContext } from "./context.ts";
import { DiagnosedError, fromRedis } from "./http-errors.ts";
import { announceVersion, readCurrent, storeVersion } from "./model-store.ts";

export interface PutResult {
  readonly version: number;
  readonly segments: string[];
  readonly warnings: Diagnostic[];
  readonly changes: ModelChanges;
}

/** How often to start again when somebody else's version came first and the caller named none. */
const ATTEMPTS = 5;

export interface PutRequest {
  readonly source: string;
  /** Who asks, as the version will say. */
  readonly by: string;
  /** The version named by If-Match, or null. */
  readonly expected: number | null;
  /** Nothing is stored; the version is the one it would get. */
  readonly dryRun: boolean;
}

/**
 * A source equal to the current one makes no new version.
 * Throws DiagnosedError, `version_mismatch`, `conflict`, `unavailable`.
 */
export async function putModel(context: QueryContext, request: PutRequest): Promise<PutResult> {
  const { expected, dryRun } = request;
  const seen = await fromRedis(readSeenNames(context.deps.redis));
  for (let attempt = 1; ; attempt++) {
    const previous = await fromRedis(readCurrent(context.deps.redis));
    if (expected !== null && expected !== previous.version) throw mismatch(expected, previous.version);
    const next = check(context, previous, request, seen);
    if (dryRun || next.record === previous) return next.result;
    if (await store(context, next.record)) return next.result;
    if (attempt === ATTEMPTS) throw new SluiceError("conflict", "others keep changing the model; try again");
  }
}

function check(
  context: QueryContext,
  previous: ModelRecord,
  { source, by }: PutRequest,
  seen: SeenNames,
): { readonly record: ModelRecord; readonly result: PutResult } {
  const built = buildModelRecord(previous, source, context.deps.clock.now(), by);
  if (!built.ok) {
    const errors = built.diagnostics.filter((one) => one.severity === "error").length;
    throw new DiagnosedError(`the model has ${errors} ${errors === 1 ? "error" : "errors"}`, built.diagnostics);
  }
  const unchanged = previous.version > 0 && source === previous.source;
  const record = unchanged ? previous : built.record;
  const checked = checkedModelOf(record);
  // Where nobody has been seen yet, nothing was missed.
  const empty = context.follower.ready() && context.follower.partitions.every((one) => one.view?.contacts === 0);
  const fresh = unchanged || empty ? [] : freshWarnings(checked, built.fresh, record.version);
  return {
    record,
    result: {
      version: record.version,
      segments: record.segments.map(([name]) => name),
      warnings: [...built.warnings, ...fresh, ...unseenWarnings(checked, seen, tagsSeen(context))],
      changes: modelChanges(checkedModelOf(previous), checked),
    },
  };
}

/** Every name that a tag has had in the views of this process. */
function* tagsSeen(context: QueryContext): Generator<string> {
  const { tagNames } = context.follower;
  for (let tag = 0; tag < tagNames.size; tag++) yield tagNames.name(tag);
}

/** False when another version came first. */
async function store(context: QueryContext, record: ModelRecord): Promise<boolean> {
  const { deps, models, follower } = context;
  if (!(await fromRedis(storeVersion(deps.redis, record)))) return false;
  try {
    await announceVersion(deps.redis, record, deps.config.partitions);
  } catch (error) {
    // Stored is stored: the processors find the version by themselves.
    deps.log.warn({ version: record.version, err: error }, "the model could not be announced to every partition");
  }
  await fromRedis(models.refresh(follower.partitions.map((one) => one.baseModel)));
  return true;
}

function mismatch(expected: number, current: number): SluiceError {
  return new SluiceError("version_mismatch", `the model is at version ${current}, not ${expected}: read it again`, {
    details: { current, expected },
  });
}
