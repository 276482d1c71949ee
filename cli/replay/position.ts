/**
 * How far a replay is: which of the calls that a file gives, counted from 1, the server has answered for.
 *
 * A lane answers in the order of its calls, so one number for each lane says it exactly. Reading the file again gives
 * the same calls in the same order; a digest over those made so far shows whether it really does before anything new
 * is sent.
 */
import { createHash } from "node:crypto";
import type { Call } from "./call.ts";
import { laneOf } from "./sender.ts";

export interface Position {
  /** Calls made from the file so far. */
  readonly made: number;
  /** Of their ids and times, in order. */
  readonly digest: string;
  /** For each lane the last call that was answered for. */
  readonly answered: readonly number[];
}

export interface Numbered {
  readonly number: number;
  readonly call: Call;
}

export interface Tracker {
  /** Takes the file's next call; gives those that are to be sent now. Throws a `FileChanged`. */
  take(call: Call): readonly Numbered[];
  answered(lane: number, number: number): void;
  /** Throws a `FileChanged` when the file ended before it reached the position that was saved. */
  end(): void;
  /** Whether the calls of the run before are still being read again. */
  readonly catchingUp: boolean;
  readonly position: Position;
}

/** The file, or the mapping, gives other calls than when the position was saved. */
export class FileChanged extends Error {}

/** @param saved where an earlier run has stopped, with as many lanes; null begins at the start. */
export function createTracker(lanes: number, saved: Position | null): Tracker {
  const digest = createHash("sha256");
  const answered = Array.from({ length: lanes }, (_, lane) => saved?.answered[lane] ?? 0);
  const before = [...answered];
  let made = 0;
  let heldBack: Numbered[] = [];
  return {
    take(call) {
      const number = ++made;
      digest.update(`${call.messageId} ${call.timestamp}\n`);
      if (saved === null || number > saved.made) return [{ number, call }];
      // Calls that were made and not answered for are few: at most two batches in each lane.
      if (number > (before[laneOf(call, lanes)] ?? 0)) heldBack.push({ number, call });
      if (number < saved.made) return [];
      if (digest.copy().digest("base64url") !== saved.digest) throw new FileChanged();
      const ready = heldBack;
      heldBack = [];
      return ready;
    },
    answered(lane, number) {
      answered[lane] = number;
    },
    end() {
      if (saved !== null && made < saved.made) throw new FileChanged();
    },
    get catchingUp() {
      return saved !== null && made < saved.made;
    },
    get position() {
      return { made, digest: digest.copy().digest("base64url"), answered: [...answered] };
    },
  };
}
