/** The profile card: a contact at an instant, names resolved. */
import { compareCodePoints } from "../../kernel/compare.ts";
import { fromMicros } from "../../kernel/decimal.ts";
import type { Card } from "../../kernel/delta.ts";
import type { Json } from "../../kernel/event.ts";
import type { AggregateFact } from "../plan/card-facts.ts";
import type { Plan } from "../plan/plan.ts";
import { isScalar, type Scalar, type Value } from "../value.ts";
import type { Contact } from "./contact.ts";
import { MEMBERS } from "./head.ts";
import { openList } from "./numbers.ts";
import { numberAt, placeOf } from "./tables.ts";
import { tagsOf } from "./tags.ts";

/** The caller guarantees that the contact has lived through all flips up to `t`. */
export function cardOf(plan: Plan, contact: Contact, t: number): Card {
  const tags = tagsOf(contact).map(([name, points]) => ({ name, score: fromMicros(points) }));
  tags.sort((a, b) => b.score - a.score || compareCodePoints(a.name, b.name));
  const traits = [...contact.traits].flatMap(([key, trait]): [string, Json][] =>
    trait.value === null ? [] : [[key, trait.value]],
  );
  return {
    id: contact.id,
    traits: Object.fromEntries(traits),
    score: fromMicros(contact.score),
    tags,
    stage: plan.stages.find((stage) => stage.id === contact.stage)?.name ?? null,
    segments: plan.segments.flatMap(({ name, id }) => {
      const place = placeOf(contact, MEMBERS, id);
      return place < 0 ? [] : [{ name, since: numberAt(contact, MEMBERS, place) }];
    }),
    firstSeen: contact.firstSeen,
    lastSeen: contact.lastSeen,
    values: Object.fromEntries(plan.values.map(({ name, read }) => [name, scalarOrNull(read(contact, t))])),
    aggregates: Object.fromEntries(plan.aggregates.map((fact) => [fact.text, aggregateValue(fact, contact, t)])),
    saturated: contact.saturated,
  };
}

function aggregateValue({ aggregate }: AggregateFact, contact: Contact, t: number): Card["aggregates"][string] {
  const value = aggregate.read(contact, t);
  const { window } = aggregate;
  if (window !== null && window.retention.cap !== null) {
    const length = openList(contact, window.feature);
    if (length > 0 && length === value && length >= window.retention.cap) return { atLeast: length };
  }
  return scalarOrNull(value);
}

function scalarOrNull(value: Value): Scalar | null {
  return isScalar(value) ? value : null;
}
