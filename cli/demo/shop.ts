/** The life of a shop as a stream of calls: its past up to an instant, and how it goes on from there. Pure. */
import type { Call } from "../replay/call.ts";
import { createMerge, type Timed } from "./merge.ts";
import { createPerson, nextIntent, pastVisits, type Person } from "./people.ts";
import { createRandom } from "./random.ts";
import { newMemory, visit, type Memory, type VisitOptions } from "./visit.ts";

export interface ShopOptions {
  readonly seed: number;
  readonly contacts: number;
  /** Where the past ends, milliseconds since 1970. */
  readonly until: number;
  /** How long the past is. */
  readonly past_ms: number;
  readonly companies: boolean;
}

export interface Shop {
  /** Calls before `until`, earliest first. Memory grows with the contacts, not with the calls. */
  past(): Generator<Timed, void>;
  /**
   * What comes after, without an end.
   * @param from when it goes on, milliseconds since 1970; not before `until`.
   * @param rate calls a second, on average.
   */
  future(from: number, rate: number): Generator<Timed, void>;
}

interface Customer {
  readonly person: Person;
  readonly memory: Memory;
}

const ARRIVALS_SEED = 0x5eed;
/** How many calls a visit has on average: measured, it only sets how often somebody comes. */
const CALLS_A_VISIT = 9;
/** When the doors open, some are in the shop already: about as long as the longest visits take. */
const WARM_UP_MS = 8 * 60_000;
/** A very busy shop takes some minutes to fill up instead of computing for long before it opens. */
const WARM_UP_CALLS_MAX = 25_000;

export function createShop({ seed, contacts, until, past_ms, companies }: ShopOptions): Shop {
  const from = until - past_ms;
  const options: VisitOptions = { life: `demo-${seed}-${until.toString(36)}`, companies };
  const customers: readonly Customer[] = Array.from({ length: contacts }, (_, index) => ({
    person: createPerson(seed, index, until),
    memory: newMemory(),
  }));

  /** One person's past; visits that overlap follow each other. */
  function* pastOf({ person, memory }: Customer): Generator<Call, void> {
    let after = 0;
    for (const { at, intent } of pastVisits(person, from, until)) {
      for (const call of visit(person, { at: Math.max(at, after), intent }, memory, options)) {
        const time = Date.parse(call.timestamp);
        if (time >= until) return;
        after = time + 60_000;
        yield call;
      }
    }
  }
  return {
    *past() {
      const merge = createMerge();
      for (const customer of customers) merge.add(pastOf(customer));
      for (let next = merge.next(); next !== null; next = merge.next()) yield next;
    },
    *future(begin, rate) {
      const random = createRandom(seed, ARRIVALS_SEED);
      const merge = createMerge();
      let arrival = begin - Math.min(WARM_UP_MS, (1000 * WARM_UP_CALLS_MAX) / rate);
      for (;;) {
        const next = merge.peek();
        if (next === null || arrival <= next.at) {
          const customer = customers[random.whole(0, customers.length - 1)];
          if (customer === undefined) return;
          const { person, memory } = customer;
          merge.add(visit(person, { at: Math.floor(arrival), intent: nextIntent(person) }, memory, options));
          arrival += random.wait((1000 * CALLS_A_VISIT) / rate);
        } else {
          merge.next();
          if (next.at >= begin) yield next;
        }
      }
    },
  };
}
