import { expect, test } from "vitest";
import { ByteWriter } from "../../kernel/bytes.ts";
import { START } from "../../processor/commit.ts";
import type { Shard } from "../../processor/state-machine.ts";
import { createSweeper, type Slice, type Sweeper, type SweepSettings } from "../../processor/sweep.ts";

const PAGE_BYTES = 100;
const SETTINGS: SweepSettings = { sweepMs: 10_000, sweepEvents: 1_000_000, sliceBytes: 1_000_000, phase: 0 };
const STEP = { idle: false, minBytes: 0 };
const AT = { ...START, seq: 1, epoch: 1, offset: "5-0" };
const out = new ByteWriter();

/** A shard of which only the pages are looked at: all of them dirty until they are written. */
function shardOf(pages: number): Shard {
  const dirty = new Set(Array.from({ length: pages }, (_, page) => page));
  return {
    dirtyPages: () => [...dirty],
    takeSeen: () => ({ write: [], remove: [] }),
    checkpoint: () => Buffer.alloc(0),
    encodePage(page: number) {
      dirty.delete(page);
      return { page: Buffer.alloc(PAGE_BYTES), index: Buffer.alloc(0) };
    },
  } as unknown as Shard;
}

/** Slices every `everyMs` until the sweep is over or `slices` are made. */
function sweep(sweeper: Sweeper, shard: Shard, begun: number, everyMs: number, slices: number): Slice[] {
  const made: Slice[] = [];
  for (let i = 1; i <= slices; i++) {
    made.push(sweeper.slice(shard, begun + i * everyMs, STEP, out));
    if (made.at(-1)?.checkpoint !== null) break;
  }
  return made;
}

/** Parts of pages are rounded up. */
function expectAbout(slices: readonly Slice[], pages: number): void {
  expect(slices.filter((slice) => Math.abs(slice.pages.length - pages) > 1)).toEqual([]);
}

function withPages(slices: readonly Slice[]): Slice[] {
  return slices.filter((slice) => slice.pages.length > 0);
}

test("partitions that begin together begin their first sweeps one after the other, and all others a whole turn later", () => {
  const due = [0, 0.25, 0.75].map((phase) => createSweeper({ ...SETTINGS, phase }, null, 500).dueIn(AT, 500));
  expect(due).toEqual([10_000, 7_500, 2_500]);

  const sweeper = createSweeper({ ...SETTINGS, phase: 0.75 }, null, 0);
  const shard = shardOf(1);
  sweeper.begin(shard, AT, 2_500);
  expect(sweeper.slice(shard, 2_500, STEP, out).checkpoint).not.toBeNull();
  sweeper.completed(2_500);
  expect(sweeper.dueIn({ ...AT, seq: 2 }, 2_500)).toBe(10_000);
});

test("the first sweep by events comes earlier by the phase as well", () => {
  const sweeper = createSweeper({ ...SETTINGS, phase: 0.75 }, null, 0);
  sweeper.countEvents(249_999);
  expect(sweeper.dueIn(AT, 0)).toBeGreaterThan(0);
  sweeper.countEvents(1);
  expect(sweeper.dueIn(AT, 0)).toBe(0);
});

test("a sweep writes its pages evenly, until four fifths of the time to the next are over", () => {
  const shard = shardOf(8_000);
  const sweeper = createSweeper(SETTINGS, null, 0);
  sweeper.begin(shard, AT, 0);
  const slices = sweep(sweeper, shard, 0, 20, 1_000);
  expect(slices).toHaveLength(400);
  // Every fourth: a portion of at least 64.
  expect(withPages(slices)).toHaveLength(100);
  expectAbout(withPages(slices), 80);
});

test("pages go in portions, of which an idle commit always takes one", () => {
  const shard = shardOf(100);
  const sweeper = createSweeper(SETTINGS, null, 0);
  sweeper.begin(shard, AT, 0);
  expect(sweeper.slice(shard, 5_000, STEP, out).pages).toHaveLength(0);
  expect(sweeper.slice(shard, 5_100, { ...STEP, idle: true }, out).pages).toHaveLength(64);
  expect(sweeper.slice(shard, 7_000, STEP, out).pages).toHaveLength(0);
  const last = sweeper.slice(shard, 7_100, { ...STEP, idle: true }, out);
  expect(last.pages).toHaveLength(36);
  expect(last.checkpoint).not.toBeNull();
});

test("the last pages of a sweep make a portion of their own, and so do all of a small one", () => {
  const portions = (pages: number): number[] => {
    const shard = shardOf(pages);
    const sweeper = createSweeper(SETTINGS, null, 0);
    sweeper.begin(shard, AT, 0);
    const slices = sweep(sweeper, shard, 0, 20, 1_000);
    expect(slices.at(-1)?.checkpoint).not.toBeNull();
    return withPages(slices).map((slice) => slice.pages.length);
  };
  expect(portions(100)).toEqual([64, 36]);
  expect(portions(50)).toEqual([50]);
});

test("a sweep by events keeps pace with them", () => {
  const shard = shardOf(1_000);
  const sweeper = createSweeper(SETTINGS, null, 0);
  sweeper.begin(shard, AT, 0);
  sweeper.countEvents(80_000);
  expect(sweeper.slice(shard, 1, STEP, out).pages).toHaveLength(100);
});

test("a sweep that is late catches up in several slices", () => {
  const shard = shardOf(8_000);
  const sweeper = createSweeper({ ...SETTINGS, sliceBytes: 500 * PAGE_BYTES }, null, 0);
  sweeper.begin(shard, AT, 0);
  // No commit for longer than a sweep may take: as many as one may hold, and then three times the pace: twice 60 each second time.
  expect(sweeper.slice(shard, 20_000, STEP, out).pages).toHaveLength(500);
  const slices = sweep(sweeper, shard, 20_000, 20, 1_000);
  expectAbout(withPages(slices.slice(0, -1)), 120);
  expect(slices.at(-1)?.checkpoint).not.toBeNull();
});

test("dirty pages go as well when memory is short, whatever is due", () => {
  const shard = shardOf(100);
  const sweeper = createSweeper(SETTINGS, null, 0);
  expect(sweeper.slice(shard, 1, STEP, out).pages).toHaveLength(0);
  expect(sweeper.slice(shard, 1, { idle: false, minBytes: 10 * PAGE_BYTES }, out).pages).toHaveLength(10);
});
