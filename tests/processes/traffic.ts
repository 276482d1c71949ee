/**
 * Clients that send events as the libraries do: singly and in batches, several at a time, each request again with the
 * same messageIds until it is answered with 200; and now and then something that was sent before.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Event } from "../../kernel/event.ts";
import type { Random } from "../sim/random.ts";
import type { Call, Shop } from "./shop.ts";

/** Which events were sent and which of them were answered, each counted once. */
export interface Ledger {
  readonly answered: readonly Event[];
  /** Contacts with an answered event. */
  readonly contacts: readonly string[];
  /** Events of the contact whose sending has at least begun. */
  sentOf(contactId: string): number;
  answeredOf(contactId: string): number;
}

export interface Traffic {
  readonly ledger: Ledger;
  /** Requests answered with 200 so far. */
  readonly answers: number;
  /** Throws what has gone wrong so far: an answer that no client should get. */
  check(): void;
  /** No new requests; resolves when those on their way are all answered. Rejects as `check` throws. */
  stop(): Promise<void>;
  /** Gives up at once what is not answered. For the end of a test that failed. */
  abandon(): void;
}

export interface TrafficOptions {
  readonly url: string;
  readonly shop: Shop;
  readonly random: Random;
  readonly senders: number;
  /** Longest pause of a sender between two requests, ms. */
  readonly pauseMs: number;
}

const BATCH_MAX = 40;
/** A request that is not answered by then is given up and sent again. */
const ANSWER_MS_MAX = 15_000;
const RETRY_MS_MAX = 100;
/** How far back a client reaches for something to repeat. */
const RECENT = 2_000;

export function startTraffic({ url, shop, random, senders, pauseMs }: TrafficOptions): Traffic {
  const sent = new Map<string, Set<string>>();
  const answeredIds = new Map<string, Set<string>>();
  const answered: Event[] = [];
  const contacts: string[] = [];
  const recent: Call[] = [];
  let answers = 0;
  let stopping = false;
  let abandoned = false;
  let failure: Error | null = null;

  function note(call: Call): void {
    const ids = sent.get(call.contactId) ?? new Set<string>();
    sent.set(call.contactId, ids.add(call.event.messageId));
    recent[random.below(RECENT)] = call;
  }

  function confirm(call: Call): void {
    const ids = answeredIds.get(call.contactId) ?? new Set<string>();
    if (ids.size === 0) contacts.push(call.contactId);
    if (ids.has(call.event.messageId)) return;
    answeredIds.set(call.contactId, ids.add(call.event.messageId));
    answered.push(call.event);
  }

  function fresh(): Call {
    for (;;) {
      const call = shop.call();
      // The same messageId with other content would be a client's mistake.
      if (sent.get(call.contactId)?.has(call.event.messageId) === true) continue;
      note(call);
      return call;
    }
  }

  function repeated(): Call[] {
    const calls = Array.from({ length: 1 + random.below(3) }, () => recent[random.below(RECENT)]);
    return calls.filter((call) => call !== undefined);
  }

  async function deliver(path: string, body: string, calls: readonly Call[]): Promise<void> {
    while (!abandoned) {
      const answer = await post(`${url}${path}`, body);
      if (answer !== null && answer.status === 200) {
        if (answer.text !== expectedAnswer(path, calls)) throw new Error(`${path} answered 200 ${answer.text}`);
        answers++;
        for (const call of calls) confirm(call);
        return;
      }
      if (answer !== null && (answer.status !== 503 || answer.retryAfter === null)) {
        throw new Error(`${path} answered ${answer.status} ${answer.text} to ${body}`);
      }
      await pause(random.below(RETRY_MS_MAX));
    }
  }

  async function send(): Promise<void> {
    while (!stopping && failure === null) {
      if (random.chance(0.4)) {
        const call = fresh();
        await deliver(`/v1/${call.type}`, JSON.stringify(call.body), [call]);
      } else {
        const calls = Array.from({ length: 1 + random.below(BATCH_MAX) }, fresh);
        if (random.chance(0.3)) calls.push(...repeated());
        const batch = calls.map((call) => ({ type: call.type, ...call.body }));
        await deliver("/v1/batch", JSON.stringify({ batch }), calls);
      }
      await pause(random.below(pauseMs + 1));
    }
  }

  const running = Array.from({ length: senders }, () =>
    send().catch((error: unknown) => {
      failure ??= error instanceof Error ? error : new Error(String(error));
    }),
  );
  const check = (): void => {
    if (failure !== null) throw failure;
  };
  return {
    ledger: {
      answered,
      contacts,
      sentOf: (contactId) => sent.get(contactId)?.size ?? 0,
      answeredOf: (contactId) => answeredIds.get(contactId)?.size ?? 0,
    },
    get answers() {
      return answers;
    },
    check,
    async stop() {
      stopping = true;
      await Promise.all(running);
      check();
    },
    abandon() {
      stopping = true;
      abandoned = true;
    },
  };
}

function expectedAnswer(path: string, calls: readonly Call[]): string {
  return path === "/v1/batch" ? `{"success":true,"accepted":${calls.length},"rejected":[]}` : '{"success":true}';
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** Null where no answer comes: nobody listens, or the connection breaks. */
async function post(url: string, body: string): Promise<Answer | null> {
  try {
    const response = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get("retry-after") };
  } catch {
    return null;
  }
}
