/**
 * Events that made a handler throw, by the entry they are in, until the step that sets them aside is committed. Kept
 * by entry and not by step, since after the reload the step may be cut differently.
 */
import { compareStreamIds } from "../kernel/stream-id.ts";
import type { RejectedEvent } from "./commit.ts";
import type { HandlerFault, StreamEntry } from "./state-machine.ts";

/** An event is set aside from now on: load the partition again and go on. */
export class EventSetAside extends Error {
  constructor(entry: string, event: number, cause: HandlerFault) {
    super(`event ${event} of entry ${entry}: ${cause.message}`, { cause });
    this.name = "EventSetAside";
  }
}

export interface Poison {
  /** Remembers the event of a fault and gives what to throw: the fault itself when it had been set aside already. */
  add(fault: HandlerFault, entries: readonly StreamEntry[], at: number): Error;
  /** Indices to skip, counted over the events of `entries`, and what to say of each. */
  of(entries: readonly StreamEntry[]): { readonly skip: number[]; readonly rejected: RejectedEvent[] };
  /** All entries up to this id are committed. */
  forget(offset: string): void;
}

const MESSAGE_CHARS_MAX = 500;

export function createPoison(): Poison {
  const byEntry = new Map<string, Map<number, RejectedEvent>>();
  return {
    add(fault, entries, at) {
      let index = fault.eventIndex;
      for (const entry of entries) {
        if (entry.kind !== "events") continue;
        if (index >= entry.events.count) {
          index -= entry.events.count;
          continue;
        }
        const known = byEntry.get(entry.id) ?? new Map<number, RejectedEvent>();
        if (known.has(index)) return fault;
        const reason = fault.cause instanceof Error ? fault.cause.message : String(fault.cause);
        known.set(index, {
          code: "handler_failed",
          message: reason.slice(0, MESSAGE_CHARS_MAX),
          at,
          event: JSON.stringify(entry.events.event(index)),
        });
        byEntry.set(entry.id, known);
        return new EventSetAside(entry.id, index, fault);
      }
      return fault;
    },
    of(entries) {
      const skip: number[] = [];
      const rejected: RejectedEvent[] = [];
      if (byEntry.size === 0) return { skip, rejected };
      let before = 0;
      for (const entry of entries) {
        if (entry.kind !== "events") continue;
        const known = byEntry.get(entry.id);
        for (const index of known === undefined ? [] : [...known.keys()].sort((a, b) => a - b)) {
          skip.push(before + index);
          const event = known?.get(index);
          if (event !== undefined) rejected.push(event);
        }
        before += entry.events.count;
      }
      return { skip, rejected };
    },
    forget(offset) {
      for (const id of byEntry.keys()) {
        if (compareStreamIds(id, offset) <= 0) byEntry.delete(id);
      }
    },
  };
}
