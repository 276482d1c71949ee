/** A server as a subject that can be compared with the oracle: everything is read through the HTTP API. */
import type { JsonObject } from "../../kernel/event.ts";
import { isAnonymous } from "../../kernel/ids.ts";
import type { Profile, Subject } from "../harness/subject.ts";
import { compareCodePoints } from "../oracle/ordering.ts";
import { call } from "../retail/answers.ts";

export type ReadSubject = Pick<Subject, "contacts" | "profile">;

/** Reads all contacts' cards. `asOf` is the instant of the latest of them. */
export async function readSubject(url: string): Promise<ReadSubject & { readonly asOf: number }> {
  const ids = await readContacts(url);
  const profiles = new Map<string, Profile>();
  let asOf = 0;
  const left = [...ids];
  const readSome = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const card = await call<Card>(`${url}/v1/contacts/${encodeURIComponent(id)}`);
      profiles.set(id, profileOf(card));
      asOf = Math.max(asOf, Date.parse(card.as_of));
    }
  };
  await Promise.all(Array.from({ length: CARDS_AT_ONCE }, readSome));
  return { contacts: () => ids, profile: (id) => profiles.get(id) ?? null, asOf };
}

/** The ids of a segment's members, and the size that the list says it has. */
export async function readMembers(url: string, name: string, order: "id" | "score"): Promise<readonly string[]> {
  const path = `${url}/v1/segments/${encodeURIComponent(name)}/members?order=${order}&limit=${PAGE}`;
  const { ids, total } = await readPages((cursor) =>
    call<Page & { size: number }>(cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`).then(
      (page) => ({ ...page, total: page.size }),
    ),
  );
  if (ids.length !== total) throw new Error(`${name} has size ${total} and lists ${ids.length} members`);
  return ids;
}

const CARDS_AT_ONCE = 16;
/** Small, so that lists take several pages. */
const PAGE = 100;

interface Card {
  readonly id: string;
  readonly traits: JsonObject;
  readonly score: number;
  readonly tags: Profile["tags"];
  readonly stage: string | null;
  readonly segments: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly aggregates: Profile["aggregates"];
  readonly saturated: boolean;
  readonly as_of: string;
}

function profileOf(card: Card): Profile {
  return {
    id: card.id,
    known: !isAnonymous(card.id),
    firstSeen: Date.parse(card.firstSeen),
    lastSeen: Date.parse(card.lastSeen),
    score: card.score,
    tags: [...card.tags].sort((a, b) => compareCodePoints(a.name, b.name)),
    topTag: card.tags[0]?.name ?? null,
    stage: card.stage,
    segments: [...card.segments].sort(compareCodePoints),
    traits: card.traits,
    aggregates: card.aggregates,
    saturated: card.saturated,
  };
}

interface Page {
  readonly members: readonly { readonly id: string }[];
  readonly next: string | null;
}

async function readContacts(url: string): Promise<readonly string[]> {
  const query = { where: "known or not known", fields: ["id"], limit: PAGE };
  const { ids } = await readPages((cursor) =>
    call<Page & { count: number }>(`${url}/v1/query`, cursor === null ? query : { ...query, cursor }).then((page) => ({
      ...page,
      total: page.count,
    })),
  );
  return ids;
}

/** Throws when somebody is listed twice. */
async function readPages(
  page: (cursor: string | null) => Promise<Page & { total: number }>,
): Promise<{ ids: readonly string[]; total: number }> {
  const ids = new Set<string>();
  let cursor: string | null = null;
  for (;;) {
    const { members, next, total } = await page(cursor);
    for (const { id } of members) {
      if (ids.has(id)) throw new Error(`${id} is listed twice`);
      ids.add(id);
    }
    if (next === null) return { ids: [...ids], total };
    cursor = next;
  }
}
