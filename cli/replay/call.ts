/** Builds one call of the API from a line: what events and groups of a mapping have in common. */
import type { CallKind, Json } from "../../kernel/event.ts";
import { MappingError, type EventSpec, type GroupSpec } from "./mapping.ts";
import { compileMoment } from "./moment.ts";
import { compileValue, scalarText, UnfitLine, type Compiler, type Line } from "./values.ts";

/** An element of a batch, as `POST /v1/batch` takes it. */
export interface Call {
  readonly type: CallKind;
  readonly messageId: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly groupId?: string;
  readonly event?: string;
  readonly name?: string;
  readonly timestamp: string;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly traits?: Readonly<Record<string, Json>>;
  readonly context?: Readonly<Record<string, Json>>;
}

export type CallMaker = (line: Line, messageId: string, properties: Readonly<Record<string, Json>>) => Call;

export function compileCall(spec: EventSpec | GroupSpec, compiler: Compiler, place: string): CallMaker {
  const type = spec.type ?? "track";
  const name = spec.event === undefined ? null : compileValue(spec.event, compiler);
  const userId = spec.userId === undefined ? null : compileValue(spec.userId, compiler);
  const anonymousId = spec.anonymousId === undefined ? null : compileValue(spec.anonymousId, compiler);
  const moment = compileMoment(spec.timestamp, compiler, `${place}.timestamp`);
  const traits = Object.entries(spec.traits ?? {}).map(([key, value]) => [key, compileValue(value, compiler)] as const);
  if (type === "identify" && spec.event !== undefined) throw new MappingError(`${place}.event`, "an identify has none");
  const nameKey = type === "track" ? "event" : "name";

  return (line, messageId, properties) => {
    const ids = { ...textOf("userId", userId?.(line)), ...textOf("anonymousId", anonymousId?.(line)) };
    if (Object.keys(ids).length === 0) throw new UnfitLine("there is no userId and no anonymousId");
    const named = textOf(nameKey, name?.(line));
    if (type === "track" && Object.keys(named).length === 0) throw new UnfitLine("the event has no name");
    const found: Record<string, Json> = {};
    for (const [key, value] of traits) {
      const trait = value(line);
      if (trait !== undefined) found[key] = trait;
    }
    const call = { type, messageId, ...ids, ...named, timestamp: isoOf(moment(line)) };
    if (type === "identify") return { ...call, traits: { ...properties, ...found } };
    return { ...call, properties, ...(traits.length === 0 ? {} : { context: { traits: found } }) };
  };
}

function textOf(key: string, value: Json | undefined): Record<string, string> {
  const text = scalarText(value);
  return text === null ? {} : { [key]: text };
}

function isoOf(moment: number): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) throw new UnfitLine("the timestamp can't be read");
  return date.toISOString();
}
