/** What a replay is asked to do. */

export interface ReplayOptions {
  readonly file: string;
  /** Null where the lines are calls of the API already. */
  readonly mapping: string | null;
  readonly url: string;
  readonly key: string | null;
  readonly batch: number;
  readonly concurrency: number;
  /** Times the pace of life, by the events' timestamps; null is as fast as possible. */
  readonly speed: number | null;
  /** Where lines that are set aside go; null keeps only their counts. */
  readonly rejects: string | null;
  /** Where the position is kept; null keeps none. */
  readonly state: string | null;
  /** `resume` needs a position to go on from, `restart` ignores it, `auto` takes it where there is one. */
  readonly from: "auto" | "resume" | "restart";
  readonly json: boolean;
}
