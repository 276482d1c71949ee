/**
 * Adds to package-lock.json, and to that of the benchmark's peers, the packages for other platforms that `npm install`
 * left out. npm forgets them when it installs beside an existing node_modules or can't reach them, and then `npm ci`
 * refuses the lock everywhere else.
 *
 * Run it after `npm install`: `npm run lock`. With `--check` it changes nothing and fails if something is missing.
 */
import { readFileSync, writeFileSync } from "node:fs";

const LOCKS = ["package-lock.json", "bench/peers/package-lock.json"];
const PARENTS_OF_ENTRY = ["license", "engines"];
const OSES = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const CPUS = ["arm64", "arm", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

/** Where a package with this name can run, as far as its name tells: `binding-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = OSES.find((known) => words.includes(known));
  const cpu = CPUS.find((known) => words.includes(known));
  if (os === undefined || cpu === undefined) return null;
  const libc = words.some((word) => word.startsWith("musl")) ? ["musl"] : words.includes("gnu") ? ["glibc"] : null;
  return { cpu: [cpu], os: [os], ...(os === "linux" && libc !== null ? { libc } : {}) };
}

/** The lock's packages with the missing ones added, and the names of those. */
function complete(packages) {
  const added = {};
  for (const [path, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const place = `node_modules/${name}`;
      const platform = platformOf(name);
      if (platform === null || place in packages || `${path}/${place}` in packages) continue;
      const shared = Object.fromEntries(
        PARENTS_OF_ENTRY.filter((key) => key in parent).map((key) => [key, parent[key]]),
      );
      const dev = parent.dev === true ? { dev: true } : {};
      added[place] = { version, ...dev, ...shared, optional: true, ...platform };
    }
  }
  const all = { ...packages, ...added };
  return {
    packages: Object.fromEntries(
      Object.keys(all)
        .toSorted((a, b) => a.localeCompare(b, "en"))
        .map((key) => [key, all[key]]),
    ),
    added: Object.keys(added),
  };
}

for (const name of LOCKS) {
  const file = new URL(`../${name}`, import.meta.url);
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const { packages, added } = complete(lock.packages);
  if (added.length === 0) continue;
  if (process.argv.includes("--check")) {
    console.error(`${name} lacks ${added.join(", ")}: run \`npm run lock\``);
    process.exitCode = 1;
  } else {
    writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
    console.log(`added ${added.length} packages of other platforms to ${name}`);
  }
}
