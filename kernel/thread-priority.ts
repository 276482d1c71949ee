/**
 * Which threads of a process come first when cores are scarce: those that answer requests. Who waits for a query feels a
 * millisecond, a segment that is as late doesn't. Only Linux has priorities of threads.
 */
import { readdirSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";

/** How much lower, whatever the priority that the process was started with. */
const LOWER_BY = 5;
/** The system's number for the thread that asks. */
const SELF = 0;
const KNOWS_THREADS = process.platform === "linux";

/** This thread gives way to those of ordinary priority. */
export function giveWay(): void {
  if (KNOWS_THREADS) lower(SELF);
}

/**
 * All threads that the process has but the main one give way: called at the start these are Node's own, which collect
 * garbage and compile. There are four however few the cores, and what they do in the background comes in long pieces.
 */
export function letHelpersGiveWay(): void {
  if (!KNOWS_THREADS) return;
  for (const name of readdirSync("/proc/self/task")) {
    const thread = Number(name);
    if (thread !== process.pid) lower(thread);
  }
}

function lower(thread: number): void {
  try {
    setPriority(thread, Math.min(constants.priority.PRIORITY_LOW, getPriority(thread) + LOWER_BY));
  } catch {
    // It has ended, or that isn't allowed: then all are equal.
  }
}
