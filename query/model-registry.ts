/** The model in use as queries need it: names to numbers and back, definitions as text, the checked model. */
import type { CheckedModel } from "../dsl/check.ts";
import { printPredicate } from "../dsl/print.ts";
import { checkedModelOf } from "../dsl/registry.ts";
import type { Log } from "../kernel/log.ts";
import { EMPTY_MODEL, type ModelRecord } from "../kernel/model-record.ts";
import type { RedisClient } from "../kernel/redis.ts";
import { currentVersion, readVersion } from "./model-store.ts";

export interface ActiveSegment {
  readonly name: string;
  /** The name as JSON text. */
  readonly nameJson: string;
  readonly id: number;
  readonly kind: "dynamic" | "static";
  /** The predicate, printed; null for a static segment without one. */
  readonly definition: string | null;
}

export interface ActiveModel {
  readonly record: ModelRecord;
  readonly checked: CheckedModel;
  /** In the order of the model, static ones last. */
  readonly segments: readonly ActiveSegment[];
  readonly segmentByName: ReadonlyMap<string, ActiveSegment>;
  /** In declared order. */
  readonly stages: readonly { readonly name: string; readonly id: number }[];
  segmentId(name: string): number | undefined;
  stageName(id: number): string | null;
}

export interface ModelRegistry {
  /** The empty model until the store has been read. */
  readonly current: ActiveModel;
  /** The store has been read at least once. */
  readonly loaded: boolean;
  /** Takes up the newest version of the store, and remembers the ones that partitions are still at. */
  refresh(partitionVersions: Iterable<number>): Promise<void>;
  /** A version seen by `refresh`; undefined until then. */
  seen(version: number): ModelRecord | undefined;
}

export function createModelRegistry(redis: RedisClient, log: Log): ModelRegistry {
  const records = new Map<number, ModelRecord>([[0, EMPTY_MODEL]]);
  let current = activate(EMPTY_MODEL);
  let unreadable = 0;
  let loaded = false;
  let last: Promise<void> = Promise.resolve();

  const fetch = async (version: number): Promise<ModelRecord | undefined> => {
    const known = records.get(version);
    if (known !== undefined) return known;
    const record = await readVersion(redis, version);
    if (record === null) return undefined;
    records.set(version, record);
    return record;
  };

  const takeUp = async (partitionVersions: readonly number[]): Promise<void> => {
    for (const version of new Set(partitionVersions)) await fetch(version);
    const version = await currentVersion(redis);
    if (version !== current.record.version && version !== unreadable) {
      const record = await fetch(version);
      if (record === undefined) return;
      try {
        current = activate(record);
      } catch (error) {
        unreadable = version;
        log.error({ version, err: error }, "the current model can't be read by this release");
      }
    }
    loaded = true;
  };

  return {
    get current() {
      return current;
    },
    get loaded() {
      return loaded;
    },
    seen: (version) => records.get(version),
    refresh(partitionVersions) {
      // One after the other, so that a slow answer can't undo a newer one.
      const turn = last.then(() => takeUp([...partitionVersions]));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

/** Throws for a source that this release refuses: it was stored by a newer one. */
export function activate(record: ModelRecord): ActiveModel {
  const checked = checkedModelOf(record);
  const segmentIds = new Map(record.segments);
  const stageIds = new Map(record.stages);
  const stageNames = new Map(record.stages.map(([name, id]) => [id, name]));
  const segments: ActiveSegment[] = [
    ...checked.segments.map(({ name, predicate }) => ({
      name,
      nameJson: JSON.stringify(name),
      id: idOf(segmentIds, name),
      kind: "dynamic" as const,
      definition: printPredicate(predicate),
    })),
    ...checked.statics.map(({ name, predicate }) => ({
      name: name.text,
      nameJson: JSON.stringify(name.text),
      id: idOf(segmentIds, name.text),
      kind: "static" as const,
      definition: predicate === null ? null : printPredicate(predicate),
    })),
  ];
  return {
    record,
    checked,
    segments,
    segmentByName: new Map(segments.map((segment) => [segment.name, segment])),
    stages: checked.stages.map(({ name }) => ({ name, id: idOf(stageIds, name) })),
    segmentId: (name) => segmentIds.get(name),
    stageName: (id) => stageNames.get(id) ?? null,
  };
}

function idOf(ids: ReadonlyMap<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`the model record has no number for ${JSON.stringify(name)}`);
  return id;
}
