/** What an operator may change of the bounds of collection. */
import { LIMITS } from "../kernel/limits.ts";

export interface IngestLimits {
  readonly event_bytes_max: number;
  readonly batch_events_max: number;
  readonly batch_bytes_max: number;
  readonly body_unzipped_bytes_max: number;
  /** Size of all partitions' streams over which events are refused with 503. */
  readonly stream_bytes_max: number;
  readonly browser_events_per_second: number;
}

export const INGEST_LIMITS: IngestLimits = {
  event_bytes_max: LIMITS.event_bytes_max,
  batch_events_max: LIMITS.batch_events_max,
  batch_bytes_max: LIMITS.batch_bytes_max,
  body_unzipped_bytes_max: LIMITS.body_unzipped_bytes_max,
  stream_bytes_max: 2 * 1024 ** 3,
  browser_events_per_second: 100,
};
