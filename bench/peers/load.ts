/**
 * The packages that Sluice is compared with. They are no part of the project's install: `bench/peers` has a package and
 * a lock of its own, installed when the benchmark is first run.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const FOLDER = import.meta.dirname;

export class PeersMissing extends Error {}

/** Installs what the lock says if it is not there yet. Throws PeersMissing when that fails. */
export function installPeers(log: (line: string) => void): void {
  const installed = path.join(FOLDER, "node_modules", ".package-lock.json");
  if (existsSync(installed)) return;
  log("  installing the peers into bench/peers/node_modules (once; needs the package registry and a few minutes)");
  const { status, stdout, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: FOLDER,
    encoding: "utf8",
  });
  if (status === 0) return;
  const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-15).join("\n");
  throw new PeersMissing(
    `the peers could not be installed; try \`npm ci\` in bench/peers yourself. npm said:\n${said}`,
  );
}

/** A peer's module, whose types are not known here: each peer says which part of it is used. */
export async function loadPeer(name: string): Promise<unknown> {
  return import(name);
}

/** The installed version, or null when it is not installed: optional ones need a compiler. */
export function peerVersion(name: string): string | null {
  const file = path.join(FOLDER, "node_modules", name, "package.json");
  if (!existsSync(file)) return null;
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}
