/**
 * Names that accepted calls had: of track events, pages and screens, of their properties, and of traits. Collection
 * notes them, and the model's check warns of names that are not among them. A help, no record: it is bounded, and a
 * name that is too long or came when it was full is missing, so whoever reads it asks `isFull` before missing one.
 */
import { CALL_KINDS, type CallKind, type Event } from "./event.ts";

export const SEEN_LIMITS = {
  /** Of events, pages and screens, each. */
  names_max: 10_000,
  /** Of one event's properties; of all pages' together, all screens', all identifies' and of traits. */
  keys_max: 200,
  /** Over all events. */
  all_keys_max: 100_000,
  name_chars_max: 200,
} as const;

/** Where keys belong: to one track event, to all calls of another kind, or to contacts. */
export interface SeenNames {
  /** Property keys by the name of a track event. */
  readonly events: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names of pages and screens. */
  readonly page: ReadonlySet<string>;
  readonly screen: ReadonlySet<string>;
  /** Property keys of calls of these kinds, and keys of traits. */
  readonly keys: Readonly<Record<KeyedKind, ReadonlySet<string>>>;
}

export type KeyedKind = "page" | "screen" | "identify" | "trait";

/** `kind`, then the name of a track event, page or screen or null, then a key or nothing. */
type Member = readonly [kind: CallKind | "trait", name: string | null, key?: string];

export interface NameCollector {
  readonly seen: SeenNames;
  /** Notes the names of an event. A few lookups while nothing is new. */
  note(event: Pick<Event, "kind" | "name" | "properties" | "traits">): void;
  /** Notes what another process has stored. What is malformed is passed over. */
  load(members: Iterable<string>): void;
  /** What was noted and not yet taken, as members of the stored set. */
  take(): string[];
  /** Gives members back that could not be stored. */
  giveBack(members: readonly string[]): void;
  readonly hasNew: boolean;
}

export function createNameCollector(): NameCollector {
  const events = new Map<string, Set<string>>();
  const names = { page: new Set<string>(), screen: new Set<string>() };
  const keys = {
    page: new Set<string>(),
    screen: new Set<string>(),
    identify: new Set<string>(),
    trait: new Set<string>(),
  };
  let allKeys = 0;
  let fresh: string[] = [];

  /** The set of keys that belongs to a kind and name, made where it is new and there is room. */
  function keysOf(kind: Member[0], name: string | null, isNew: boolean): Set<string> | undefined {
    if (kind === "track" && name !== null) {
      const known = events.get(name);
      if (known !== undefined) return known;
      if (events.size >= SEEN_LIMITS.names_max || name.length > SEEN_LIMITS.name_chars_max) return undefined;
      const made = new Set<string>();
      events.set(name, made);
      if (isNew) fresh.push(memberOf([kind, name]));
      return made;
    }
    return kind === "page" || kind === "screen" || kind === "identify" || kind === "trait" ? keys[kind] : undefined;
  }

  function addName(kind: "page" | "screen", name: string, isNew: boolean): void {
    const known = names[kind];
    if (known.size >= SEEN_LIMITS.names_max || name.length > SEEN_LIMITS.name_chars_max) return;
    known.add(name);
    if (isNew) fresh.push(memberOf([kind, name]));
  }

  function addKey(into: Set<string>, member: readonly [Member[0], string | null, string], isNew: boolean): void {
    const key = member[2];
    if (into.size >= SEEN_LIMITS.keys_max || allKeys >= SEEN_LIMITS.all_keys_max || into.has(key)) return;
    if (key.length > SEEN_LIMITS.name_chars_max) return;
    into.add(key);
    allKeys++;
    if (isNew) fresh.push(memberOf(member));
  }

  return {
    seen: { events, page: names.page, screen: names.screen, keys },
    note({ kind, name, properties, traits }) {
      const owner = kind === "track" ? name : null;
      const known = kind === "track" && name !== null ? events.get(name) : undefined;
      const ofKind = known ?? keysOf(kind, owner, true);
      if (ofKind !== undefined) {
        for (const key in properties) if (!ofKind.has(key)) addKey(ofKind, [kind, owner, key], true);
      }
      if ((kind === "page" || kind === "screen") && name !== null && !names[kind].has(name)) addName(kind, name, true);
      for (const key in traits) if (!keys.trait.has(key)) addKey(keys.trait, ["trait", null, key], true);
    },
    load(members) {
      for (const text of members) {
        const member = readMember(text);
        if (member === null) continue;
        const [kind, name, key] = member;
        const into = keysOf(kind, name, false);
        if (key === undefined) {
          if ((kind === "page" || kind === "screen") && name !== null) addName(kind, name, false);
        } else if (into !== undefined) {
          addKey(into, [kind, name, key], false);
        }
      }
    },
    take() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
    giveBack(members) {
      fresh.push(...members);
    },
    get hasNew() {
      return fresh.length > 0;
    },
  };
}

function memberOf(member: Member): string {
  return JSON.stringify(member);
}

const KINDS: ReadonlySet<unknown> = new Set([...CALL_KINDS, "trait"]);

function readMember(text: string): Member | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const [kind, name, key] = value as unknown[];
  const wellFormed =
    KINDS.has(kind) && (name === null || typeof name === "string") && (key === undefined || typeof key === "string");
  return wellFormed ? (value as unknown as Member) : null;
}
