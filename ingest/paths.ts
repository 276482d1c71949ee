/** The paths of collection's calls. */
import type { CallKind } from "../kernel/event.ts";

export interface SingleCall {
  readonly kind: CallKind;
  readonly paths: readonly string[];
  readonly summary: string;
}

export const SINGLE_CALLS: readonly SingleCall[] = [
  { kind: "track", paths: ["/v1/track", "/v1/t"], summary: "Somebody did something" },
  { kind: "identify", paths: ["/v1/identify", "/v1/i"], summary: "Who somebody is, and traits" },
  { kind: "page", paths: ["/v1/page", "/v1/p"], summary: "Somebody saw a page" },
  { kind: "screen", paths: ["/v1/screen", "/v1/s"], summary: "Somebody saw a screen of an app" },
  { kind: "group", paths: ["/v1/group", "/v1/g"], summary: "Whom somebody works for (not supported yet)" },
  { kind: "alias", paths: ["/v1/alias", "/v1/a"], summary: "Joins two ids (not supported yet)" },
];

export const IMPORT_PATH = "/v1/import";
export const BATCH_PATHS = ["/v1/batch", "/v1/b", IMPORT_PATH] as const;
