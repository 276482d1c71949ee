/** Reads all that a server says about segments and contacts, through its HTTP API alone. */
import type { Found } from "./comparison.ts";
import type { Customer, Profile, Value } from "./expected.ts";

/** Below the size of the larger segments, so that their lists take several pages. */
const PAGE = 1_000;

interface Member {
  readonly id: string;
  readonly score: number;
  readonly stage: string | null;
  readonly tags: readonly { readonly name: string; readonly score: number }[];
}

interface Card extends Member {
  readonly traits: { readonly country: string };
  readonly segments: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly values: Readonly<Record<string, Value>>;
  readonly saturated: boolean;
}

interface Page {
  readonly members: readonly Member[];
  readonly next: string | null;
}

export interface Answers extends Found {
  /** The instant that the server says its answers are of. */
  readonly asOf: string;
  /** Contacts by stage. */
  readonly funnel: ReadonlyMap<string, number>;
}

/** The JSON of an answer; throws unless it is a 200. A body makes the call a POST. */
export async function call<T>(url: string, body?: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

export async function readAnswers(url: string): Promise<Answers> {
  const { segments } = await call<{ segments: { name: string; size: number }[] }>(`${url}/v1/segments`);
  const members = new Map<string, Set<string>>();
  for (const { name, size } of segments) {
    const list = await readMembers(url, name, "id");
    const ids = new Set(list.map(({ id }) => id));
    if (ids.size !== list.length) throw new Error(`somebody is listed twice in ${JSON.stringify(name)}`);
    if (ids.size !== size) throw new Error(`${JSON.stringify(name)} has size ${size} and lists ${ids.size} members`);
    members.set(name, ids);
  }
  const funnel = await call<{ stages: { name: string; count: number }[]; as_of: string }>(`${url}/v1/funnel`);
  return {
    asOf: funnel.as_of,
    members,
    profiles: await readProfiles(url),
    funnel: new Map(funnel.stages.map(({ name, count }) => [name, count])),
  };
}

export function readMembers(url: string, segment: string, order: "id" | "score"): Promise<Member[]> {
  const path = `${url}/v1/segments/${encodeURIComponent(segment)}/members?order=${order}&limit=${PAGE}`;
  return readPages((cursor) => call(cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`));
}

/** A contact's card, in the terms of this comparison. */
export async function readCard(
  url: string,
  id: string,
): Promise<{ customer: Customer; profile: Profile; segments: readonly string[] }> {
  const card = await call<Card>(`${url}/v1/contacts/${encodeURIComponent(id)}`);
  const { traits, score, stage, tags, segments, firstSeen, lastSeen, values } = card;
  if (card.saturated) throw new Error(`${id} has reached a bound`);
  return {
    customer: { country: traits.country, firstSeen, lastSeen, values },
    profile: profileOf({ score, stage, tags }),
    segments,
  };
}

function profileOf({ score, stage, tags }: Omit<Member, "id">): Profile {
  return { score, stage: stage ?? "", tags: Object.fromEntries(tags.map((tag) => [tag.name, tag.score])) };
}

async function readProfiles(url: string): Promise<Map<string, Profile>> {
  const query = { where: "known or not known", fields: ["id", "score", "stage", "tags"], limit: PAGE };
  const all = await readPages((cursor) => call(`${url}/v1/query`, cursor === null ? query : { ...query, cursor }));
  return new Map(all.map((member) => [member.id, profileOf(member)]));
}

async function readPages(page: (cursor: string | null) => Promise<Page>): Promise<Member[]> {
  const all: Member[] = [];
  let cursor: string | null = null;
  do {
    const { members, next }: Page = await page(cursor);
    all.push(...members);
    cursor = next;
  } while (cursor !== null);
  return all;
}
