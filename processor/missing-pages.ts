/** Which pages a step will touch and are not in memory: those of its contacts, of due timers, and of new contacts. */
import type { ClockMode } from "../kernel/clock.ts";
import { hash, hash64 } from "../kernel/ids.ts";
import type { Directory } from "./directory.ts";
import { firstSlotOf, pageOf } from "../dsl/contact/slots.ts";
import type { Pages } from "./pages.ts";
import type { StepInput } from "./state-machine.ts";
import type { Timers } from "./timers.ts";

export interface Residence {
  readonly pages: Pages;
  readonly directory: Directory;
  readonly timers: Timers;
  readonly clockMode: ClockMode;
  /** The partition's clock at the step's beginning. */
  readonly clock: number;
  /** Contacts so far: new ones go on the page that was begun last, and on those after it. */
  readonly contacts: number;
}

export function pagesToBring(input: StepInput, at: Residence): number[] {
  const missing = new Set<number>();
  const want = (page: number): void => {
    if (!at.pages.has(page) && at.directory.has(firstSlotOf(page))) missing.add(page);
  };
  if (input.work.kind === "migrate") {
    for (let page = input.work.fromPage; page < input.work.toPage; page++) want(page);
    return [...missing];
  }
  // A hash names candidates: the page is needed to compare ids.
  const wantHash = (lo: number, hi: number): void => {
    for (let slot = at.directory.find(lo, hi); slot >= 0; slot = at.directory.findAfter(slot)) want(pageOf(slot));
  };
  let until = input.work.kind === "timers" ? input.work.until : at.clock;
  for (const entry of input.entries) {
    if (entry.kind === "events") {
      const { count, idLo, idHi, timestamps } = entry.events;
      for (let i = 0; i < count; i++) {
        wantHash(idLo[i] as number, idHi[i] as number);
        if (at.clockMode === "event") until = Math.max(until, timestamps[i] as number);
      }
      want(pageOf(at.contacts));
    } else if (entry.control.kind === "card") {
      hash64(entry.control.contactId);
      wantHash(hash.lo, hash.hi);
    } else if (entry.control.kind === "clock" && at.clockMode === "event") {
      until = Math.max(until, entry.control.now);
    }
  }
  at.timers.due(until, (slot) => want(pageOf(slot)));
  return [...missing];
}
