/** Every bound of the system in one place, with its unit last in its name and the relations between them asserted. */

export const DAY_MS = 86_400_000;

/** The contract's own bounds. `kernel/config.ts` lets an operator change those that API.md calls configurable. */
export const LIMITS = {
  /** API.md, Limits. */
  event_bytes_max: 32 * 1024,
  batch_events_max: 2_500,
  batch_bytes_max: 500 * 1024,
  body_unzipped_bytes_max: 2 * 1024 * 1024,
  message_id_chars_max: 100,
  id_chars_max: 255,
  /** Depth of objects and arrays in one call. */
  json_depth_max: 32,
  /** API.md: the same messageId within this time of arrival changes nothing. */
  dedupe_ms: DAY_MS,
  /** Fingerprints kept per partition and generation; past it the older generation is dropped early (a metric). */
  dedupe_max: 8_000_000,
  /** LANGUAGE.md, Clock: a timestamp further ahead of the machine's clock is refused; so is one before 1970. */
  future_ms_max: DAY_MS,
  /** LANGUAGE.md, Bounds. */
  window_entries_max: 10_000,
  tags_max: 1_000,
  distinct_max: 1_000,
  /** Trait keys kept for one contact. */
  traits_max: 1_000,
  /** Contacts in one page of state. */
  page_contacts: 8,
  /** Lua's `unpack` fails near 8,000 values. */
  lua_values_max: 4_000,
  /** API.md, lists. */
  list_default: 100,
  list_max: 10_000,
  model_bytes_max: 1024 * 1024,
} as const;

if (LIMITS.event_bytes_max > LIMITS.batch_bytes_max) throw new Error("an event must fit a batch");
if (LIMITS.batch_bytes_max > LIMITS.body_unzipped_bytes_max) throw new Error("a batch must fit an unzipped body");
