/** The shape of an event after normalisation: what ingest writes, the codec carries and evaluators read. */

/** What a JSON document can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export type CallKind = "track" | "identify" | "page" | "screen" | "group" | "alias";

/** The codes of call kinds as they are stored; never renumbered. */
export const CALL_KINDS = [
  "track",
  "identify",
  "page",
  "screen",
  "group",
  "alias",
] as const satisfies readonly CallKind[];
export const TRACK = 0;
export const IDENTIFY = 1;
export const PAGE = 2;
export const SCREEN = 3;
export const GROUP = 4;
export const ALIAS = 5;

/** One accepted call. At least one of `userId` and `anonymousId` is not null. */
export interface Event {
  readonly kind: CallKind;
  /** The event of a track call, the name of a page or screen call; null where there is none. */
  readonly name: string | null;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  /** At most 100 characters; made at ingest where the client sent none. */
  readonly messageId: string;
  /** Milliseconds since 1970, an integer; never later than its receipt with `CLOCK=wall`. */
  readonly timestamp: number;
  /** `properties` of track, page and screen; `traits` of identify. What filters read. */
  readonly properties: JsonObject;
  /** The call's `context` without `traits`. */
  readonly context: JsonObject;
  /** Traits to set on the contact: an identify's `traits` over `context.traits`. Null unsets a key. */
  readonly traits: JsonObject;
}
