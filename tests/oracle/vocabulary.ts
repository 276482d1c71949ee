/**
 * The few words that generated models and histories are made of. Few, so that rules meet events, texts meet equal
 * texts, and sums of the same lengths of time land exactly on flips.
 */

export const EVENT_NAMES = ["A", "B", "Order Completed", 'é "x"', "😀"] as const;
export const PAGE_NAMES = ["Home", "A"] as const;

export const PROPERTY_PATHS = [
  "cat",
  "price",
  "when",
  "list",
  "box.cat",
  "`first-name`",
  "constructor",
  "cat.length",
] as const;
/** Paths into the context; `context.cat` has a namesake among the properties. */
export const CONTEXT_PATHS = ["context.cat", "context.device.kind"] as const;
/** Paths with `[]`, for when they are live. */
export const EACH_PATHS = ["list[]", "items[].cat", "items[].prices[]", "box.list[]"] as const;
export const TRAIT_PATHS = ["plan", "age", "since", "home.city", "`first-name`"] as const;

/** What differs in type only. */
export const LOOKALIKES = ["1", 1, "true", true, "", 0] as const;

/** U+FF5E sorts before the emoji by code points and after it by UTF-16 units; the last two differ in case only. */
export const TEXTS = ["a", "b", "A", "ab", "", "1", "true", "～", "😀", "É", "é"] as const;
export const NUMBERS = [0, 1, 2, 3, -1, 0.1, 0.2, 0.3, 2.5, 1000] as const;
/** Numbers that sums must round or leave out. */
export const AWKWARD_NUMBERS = [1e-7, 2.0000005, -2.0000005, 9e9, 9e9 + 1, -1e10, 1e300] as const;

export const TAG_NAMES = ["a", "b", "A", "t:a", "t:1", "1", "true", "😀", "～", "VIP"] as const;
export const TAG_PREFIXES = ["t:", "~"] as const;
export const PATTERNS = ["^a", "b$", "a|b", "[a-c]+", "^.$", "\\d", "É"] as const;

/** Rome's clocks change right after two of the beginnings. */
export const TIMEZONES = [
  "Europe/Rome",
  "Europe/Rome",
  "Europe/Rome",
  "UTC",
  "America/New_York",
  "Asia/Kathmandu",
] as const;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The durations that models use, ascending. */
export const DURATIONS = [
  { text: "10 seconds", ms: 10 * SECOND },
  { text: "1 minute", ms: MINUTE },
  { text: "1 hour", ms: HOUR },
  { text: "3 hours", ms: 3 * HOUR },
  { text: "1 day", ms: DAY },
  { text: "1 month", ms: 30 * DAY },
] as const;

/** Lengths of time between the steps of a history, and by which an event is late. */
export const GAPS = DURATIONS.flatMap(({ ms }) => [ms - 1, ms, ms + 1]);
/** Past every window of a fixed length, and past those of the calendar. */
export const LARGE_GAP = 45 * DAY;
export const HUGE_GAP = 400 * DAY;

/** Where histories begin: shortly before clocks change, before 29 February, in mid-week. */
export const BEGINNINGS = [
  Date.UTC(2026, 2, 28, 22),
  Date.UTC(2026, 9, 24, 21, 59, 59, 999),
  Date.UTC(2024, 1, 28, 23),
  Date.UTC(2026, 6, 15, 12),
] as const;

/** Dates as models write them and traits may hold them, around a beginning. */
export function datesAround(beginning: number): { readonly bare: string[]; readonly exact: string[] } {
  const dayOf = (days: number): string => new Date(beginning + days * DAY).toISOString().slice(0, 10);
  const bare = [0, 1, 2].map(dayOf);
  const exact = [
    new Date(beginning).toISOString(),
    `${dayOf(0)}T23:30:00Z`,
    `${dayOf(1)}T00:00`,
    `${dayOf(1)}T02:30:00`,
    `${dayOf(1)}T02:30:00+01:00`,
    `${dayOf(1)}T12:00:00.250-05:00`,
    `${dayOf(2)}T00:00:00Z`,
  ];
  return { bare, exact };
}

/** Texts that look like dates and are none. */
export const NO_DATES = ["2026-02-30", "2026-3-1", "2026-03-01 10:00", "2026-03-01T25:00", " 2026-03-01"] as const;

/** In code point order the emoji is last, in UTF-16 order the tilde. */
export const MESSAGE_IDS = [
  ...Array.from({ length: 20 }, (_, index) => `m${index + 1}`),
  "～",
  "～1",
  "😀",
  "😀1",
] as const;

/** Points of rules; often such that they cancel out. */
export const POINTS = [
  "+1",
  "+1",
  "-1",
  "-1",
  "+2",
  "+0.1",
  "+0.2",
  "-2",
  "-0.3",
  "+2.5",
  "+1_000",
  "+0.000001",
] as const;
