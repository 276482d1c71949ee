/**
 * The name under which a process takes partitions. It says which process that is, so that one that is started after it
 * on the same machine can look up whether it has ended: then its leases need not run out first.
 */
import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { identify } from "./process-identity.ts";

/** `host-pid-place_began`, or `host-pid` on systems that don't tell where pids are counted. */
export function processorName(): string {
  const self = whereAndWhen(process.pid);
  return `${hostname()}-${process.pid}${self === null ? "" : `-${self.place}_${self.began}`}`;
}

const NAME = /-(\d+)-([0-9a-f]{16})_(\d+)(?:-[0-9a-f]+)?$/;

/** Whether the processor of this name, perhaps with a suffix, has ended for certain. False when that isn't known. */
export function hasEnded(name: string): boolean {
  const [, pid, place, began] = NAME.exec(name) ?? [];
  if (pid === undefined || whereAndWhen(process.pid)?.place !== place) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error instanceof Error && (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  // Ended and not waited for by its parent yet, or the pid is another process's now.
  return whereAndWhen(Number(pid))?.began !== began;
}

/** A hash of the machine, its boot and the namespace in which pids are counted; ticks from the boot to the beginning. */
function whereAndWhen(pid: number): { readonly place: string; readonly began: string } | null {
  const [boot, began] = identify(pid)?.began.split("/") ?? [];
  if (boot === undefined || began === undefined) return null;
  try {
    const counted = `${hostname()} ${boot} ${readlinkSync("/proc/self/ns/pid")}`;
    return { place: createHash("sha256").update(counted).digest("hex").slice(0, 16), began };
  } catch {
    return null;
  }
}
