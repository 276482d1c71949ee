/** A scenario as it is read: what was written, with names and times worked out, and nothing run yet. */
import type { ClockMode } from "../../kernel/clock.ts";
import type { FeedCause } from "../../kernel/feed.ts";
import type { Json } from "../../kernel/event.ts";
import type { Clause } from "./clauses.ts";
import type { Place } from "./scanner.ts";

export interface Scenario {
  readonly place: Place;
  readonly title: string;
  /** Ids of the sentences of the language's contract that it shows. */
  readonly covers: readonly string[];
  readonly clockMode: ClockMode;
  /** The machine's instant; with the wall clock only a beginning. */
  readonly machine: number;
  readonly start: number;
  readonly limits: Readonly<Record<string, number>>;
  readonly statements: readonly Statement[];
}

/** A call as a client would send it. */
export type Call = { readonly type: string } & { readonly [field: string]: Json };

export type Statement =
  /** `now` is its arrival with the wall clock and its timestamp with the event clock. */
  | {
      readonly kind: "event";
      readonly place: Place;
      readonly now: number;
      readonly call: Call;
      readonly refused: boolean;
    }
  | { readonly kind: "clock"; readonly place: Place; readonly now: number }
  | { readonly kind: "model"; readonly place: Place; readonly source: string; readonly wrong: boolean }
  | { readonly kind: "restart"; readonly place: Place }
  | { readonly kind: "expect"; readonly place: Place; readonly says: string; readonly claim: Claim };

export interface Move {
  readonly contact: string;
  readonly entered: boolean;
  readonly at: number;
  readonly cause: FeedCause | null;
}

export type Claim =
  /** Exactly these; null stands for every contact that there is. */
  | { readonly kind: "members"; readonly segment: string; readonly contacts: readonly string[] | null }
  | { readonly kind: "contact"; readonly contact: string; readonly clauses: readonly Clause[] }
  | { readonly kind: "no contact"; readonly contact: string }
  | { readonly kind: "contacts"; readonly contacts: readonly string[] }
  | { readonly kind: "moves"; readonly segment: string; readonly moves: readonly Move[] }
  | { readonly kind: "told"; readonly wanted: Told }
  | { readonly kind: "told nothing" };

/** What the last model was told; what is null is left open. */
export interface Told {
  readonly severity: "error" | "warning";
  readonly line: number;
  readonly column: number | null;
  readonly length: number | null;
  /** Found in the message, whatever the case. */
  readonly saying: readonly string[];
  readonly hint: string | null;
}
