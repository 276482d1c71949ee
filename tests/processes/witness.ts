/**
 * Reads while servers are killed, and holds every answer against the ledger: a card has each event that was answered
 * before it was asked for, and none twice.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Random } from "../sim/random.ts";
import { COUNTER_TAG } from "./shop.ts";
import type { Ledger } from "./traffic.ts";

export interface Witness {
  /** Cards seen so far. */
  readonly cards: number;
  /** Throws what has been seen that must not be. */
  check(): void;
  stop(): Promise<void>;
  /** Without a look at what was seen. For the end of a test that failed. */
  abandon(): void;
}

const PAUSE_MS = 30;
const ANSWER_MS_MAX = 15_000;
/** What a server may answer that is just starting, or whose Redis is away. */
const EXCUSED: readonly number[] = [503, 504];

export function startWitness(url: string, ledger: Ledger, random: Random): Witness {
  let cards = 0;
  let stopping = false;
  let failure: Error | null = null;

  async function look(): Promise<void> {
    const id = ledger.contacts[random.below(ledger.contacts.length)];
    if (id === undefined) return;
    const least = ledger.answeredOf(id);
    const card = (await read(`${url}/v1/contacts/${encodeURIComponent(id)}`)) as Card | null;
    if (card !== null) {
      const counted = card.tags.find((tag) => tag.name === COUNTER_TAG)?.score ?? 0;
      const most = ledger.sentOf(id);
      if (counted < least || counted > most) {
        throw new Error(`${id} has ${counted} events; ${least} were answered before, ${most} were sent`);
      }
      cards++;
    }
    const list = await read(`${url}/v1/segments/${encodeURIComponent("buyers")}/members?limit=10`);
    if (list !== null && !Array.isArray((list as { members?: unknown }).members)) throw new Error(JSON.stringify(list));
  }

  async function run(): Promise<void> {
    while (!stopping) {
      await look();
      await pause(PAUSE_MS);
    }
  }

  const running = run().catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  const check = (): void => {
    if (failure !== null) throw failure;
  };
  return {
    get cards() {
      return cards;
    },
    check,
    async stop() {
      stopping = true;
      await running;
      check();
    },
    abandon() {
      stopping = true;
    },
  };
}

interface Card {
  readonly tags: readonly { readonly name: string; readonly score: number }[];
}

/** Null where the server has a good excuse. */
async function read(url: string): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    text = await response.text();
  } catch {
    return null;
  }
  if (EXCUSED.includes(response.status)) return null;
  if (response.status !== 200) throw new Error(`${url} answered ${response.status} ${text}`);
  return JSON.parse(text);
}
