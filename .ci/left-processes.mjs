/**
 * Fails when a process of this run still runs: one with SLUICE_CI_MARK in its environment, or, since servers write over
 * theirs, one that works in a folder under TMPDIR. Waits a little for what was told to end, then ends what is left.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const MARK = `SLUICE_CI_MARK=${process.env["SLUICE_CI_MARK"]}`;
const FOLDER = realpathSync(process.env["TMPDIR"] ?? ".");
const PATIENCE_MS = 5_000;

/** Empty when the process is gone or not ours to read. */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function worksIn(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

/** This process and all above it: the script that runs this, and whoever runs that. */
function ancestors() {
  const found = new Set();
  for (let pid = String(process.pid); Number(pid) > 0 && !found.has(pid);) {
    found.add(pid);
    const stat = read(pid, "stat");
    pid = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? "0";
  }
  return found;
}

function left() {
  const own = ancestors();
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || own.has(pid)) return false;
    return `${worksIn(pid)}/`.startsWith(`${FOLDER}/`) || read(pid, "environ").split("\0").includes(MARK);
  });
}

if (!existsSync("/proc/self/stat")) {
  console.log("not looked at: this system has no /proc");
} else {
  const began = performance.now();
  while (left().length > 0 && performance.now() - began < PATIENCE_MS) await pause(200);
  for (const pid of left()) {
    console.log(`left behind, ended now: ${pid} ${read(pid, "cmdline").replaceAll("\0", " ")}`);
    process.exitCode = 1;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself at last.
    }
  }
}
