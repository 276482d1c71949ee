/**
 * Which process a pid means. Pids are used again, so a pid on disk is only worth something together with the moment
 * at which its process began.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: when it began, as the system tells it. */
  readonly began: string;
}

/** Null when there is no such process (any more). */
export function identify(pid: number): ProcessIdentity | null {
  const began = beganOnLinux(pid) ?? beganElsewhere(pid);
  return began === null ? null : { pid, began };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.began === identity.began;
}

/** Ticks since boot and the boot's id; null without /proc or for a process that has ended and waits to be reaped. */
function beganOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold anything, so count from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return fields[0] === "Z" ? null : `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}

function beganElsewhere(pid: number): string | null {
  if (process.platform === "linux") return null;
  const { stdout } = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" });
  const line = (stdout ?? "").trim();
  return line === "" || line.startsWith("Z") ? null : line.replace(/^\S+\s+/, "");
}
