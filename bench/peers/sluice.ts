/** Sluice as a contender: the whole state machine, and its matching of events alone. */
import type * as Entry from "../../kernel/entry.ts";
import type { EntryReader } from "../../kernel/entry.ts";
import type { Event } from "../../kernel/event.ts";
import type * as Feed from "../../kernel/feed.ts";
import { LIMITS } from "../../kernel/limits.ts";
import { EMPTY_MODEL, type ModelRecord } from "../../kernel/model-record.ts";
import type * as Dispatch from "../../dsl/plan/dispatch.ts";
import type * as Registry from "../../dsl/registry.ts";
import type * as ShardModule from "../../processor/shard.ts";
import type { StreamEntry } from "../../processor/state-machine.ts";
import { fromBuild } from "../build.ts";
import type { Contender } from "./contender.ts";
import { createMemberships } from "./memberships.ts";
import { modelOf, sortedMembers, type Fact, type Rule } from "./rules.ts";

const { encodeEntry, openEntry } = await fromBuild<typeof Entry>("kernel/entry.ts");
const { readFeed } = await fromBuild<typeof Feed>("kernel/feed.ts");
const { matchEvent, openView } = await fromBuild<typeof Dispatch>("dsl/plan/dispatch.ts");
const { buildModelRecord, planOf } = await fromBuild<typeof Registry>("dsl/registry.ts");
const { createShard } = await fromBuild<typeof ShardModule>("processor/shard.ts");

const ENTRY_EVENTS = 100;
const STEP_ENTRIES = 10;

/**
 * Everything that the processor does with an event but Redis: opening the entry, repeats, the contact, its counts, its
 * timers, and the delta as bytes.
 */
export function sluiceContender(rules: readonly Rule[]): Contender {
  const record = recordOf(rules);
  const ruleOf = new Map(record.segments.map(([name, id]) => [id, Number(name.slice("rule ".length))]));
  const shard = createShard({ partition: 0, clockMode: "wall", limits: LIMITS });
  const members = rules.map(() => new Set<number>());
  const feeds: Buffer[] = [];
  const numbered = createNumbering();
  const step = (now: number, entries: readonly StreamEntry[]): void => {
    const output = shard.step({ seq: shard.seq + 1, now, work: { kind: "entries" }, entries, skip: [] }, true);
    if (output.feed !== null) feeds.push(Buffer.from(output.feed));
  };
  step(0, [{ id: "0-1", kind: "control", control: { kind: "model", record } }]);
  return {
    prepare(facts) {
      const steps: { readonly now: number; readonly entries: readonly Buffer[] }[] = [];
      for (let i = 0; i < facts.length; i += ENTRY_EVENTS * STEP_ENTRIES) {
        const part = facts.slice(i, i + ENTRY_EVENTS * STEP_ENTRIES);
        steps.push({ now: part.at(-1)?.at ?? 0, entries: packed(part, numbered) });
      }
      return () => {
        for (const { now, entries } of steps) {
          step(
            now,
            entries.map((bytes, i) => ({ id: `${i}-1`, kind: "events", events: openEntry(bytes) })),
          );
        }
      };
    },
    members(now) {
      step(now, []);
      for (const { segmentId, contactId, entered } of feeds.splice(0).flatMap(readFeed)) {
        const set = members[ruleOf.get(segmentId) ?? -1];
        if (entered) set?.add(Number(contactId));
        else set?.delete(Number(contactId));
      }
      return sortedMembers(members);
    },
  };
}

/**
 * Which rules an event matches, and nothing else: what a rules engine does. Entries are open before, as the others'
 * events are parsed before.
 */
export function matchingContender(rules: readonly Rule[]): Contender {
  const plan = planOf(recordOf(rules));
  const memberships = createMemberships(rules.length);
  const numbered = createNumbering();
  /** The rule of each selector, by its order; -1 until it is met. */
  const ruleOf = new Int32Array(rules.length).fill(-1);
  const findRule = (order: number): number => {
    const selector = plan.selectorsFor.selectors[order];
    const feature = selector?.features[0];
    const { starts, roots } = plan.readers.features;
    const found = plan.roots[roots[starts[feature?.index ?? -1] ?? -1] ?? -1];
    const segment = found?.kind === "segment" ? plan.segments.find(({ id }) => id === found.id) : undefined;
    if (segment === undefined) throw new Error(`no rule belongs to the selector ${selector?.text}`);
    return (ruleOf[order] = Number(segment.name.slice("rule ".length)));
  };
  const match = (entry: EntryReader, contacts: readonly number[]): void => {
    const view = openView(entry, plan.keys);
    for (let event = 0; event < entry.count; event++) {
      const matches = matchEvent(plan.selectorsFor, view, event, plan.matched);
      for (let i = 0; i < matches; i++) {
        const order = plan.matched[i] as number;
        const rule = ruleOf[order] as number;
        memberships.add(rule < 0 ? findRule(order) : rule, contacts[event] as number);
      }
    }
  };
  return {
    prepare(facts) {
      const entries = packed(facts, numbered).map(openEntry);
      const contacts = entries.map((_, i) =>
        facts.slice(i * ENTRY_EVENTS, (i + 1) * ENTRY_EVENTS).map(({ contact }) => contact),
      );
      return () => entries.forEach((entry, i) => match(entry, contacts[i] ?? []));
    },
    members: () => memberships.members(),
  };
}

function recordOf(rules: readonly Rule[]): ModelRecord {
  const built = buildModelRecord(EMPTY_MODEL, modelOf(rules), 0, "bench");
  if (!built.ok) throw new Error(`the model is refused: ${JSON.stringify(built.diagnostics[0])}`);
  return built.record;
}

function createNumbering(): () => number {
  let last = 0;
  return () => last++;
}

function packed(facts: readonly Fact[], numbered: () => number): Buffer[] {
  const entries: Buffer[] = [];
  for (let i = 0; i < facts.length; i += ENTRY_EVENTS) {
    const part = facts.slice(i, i + ENTRY_EVENTS);
    const calls = part.map(({ contact, event, category, price, at }): Event => ({
      kind: "track",
      name: event,
      userId: String(contact),
      anonymousId: null,
      messageId: `message-${numbered()}`,
      timestamp: at,
      properties: { category, price },
      context: {},
      traits: {},
    }));
    entries.push(encodeEntry(calls, part.at(-1)?.at ?? 0));
  }
  return entries;
}
