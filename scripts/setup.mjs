/**
 * Makes a fresh checkout ready to run: npm packages, the build, and a Redis server for the private store. Does only
 * what is missing, says what it does before it does it, and needs nothing but Node and npm.
 *
 *   npm run setup
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NODE_MIN = [20, 19];
const REDIS_MAJOR_MIN = 7;
const SERVERS = ["redis-server", "valkey-server"];

/** Keeps Debian's package from starting a service of its own while it is installed; Sluice starts its own server. */
const APT_INSTALL = `
set -e
export DEBIAN_FRONTEND=noninteractive
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then apt-get update -q; fi
apt-get install -y -q redis-server || { apt-get update -q && apt-get install -y -q redis-server; }
`;

/** How each package manager gets a server; `script` runs in sh, as root where `root` says so. */
const MANAGERS = [
  { program: "apt-get", root: true, script: APT_INSTALL, shown: "apt-get install -y redis-server" },
  {
    program: "dnf",
    root: true,
    script: "dnf install -y redis || dnf install -y valkey",
    shown: "dnf install -y redis || dnf install -y valkey",
  },
  { program: "brew", root: false, script: "brew install redis", shown: "brew install redis" },
];

class SetupError extends Error {}

function say(text) {
  process.stdout.write(`setup: ${text}\n`);
}

function findOnPath(program) {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return null;
}

function run(program, args, what) {
  const result = spawnSync(program, args, { cwd: ROOT, stdio: "inherit" });
  if (result.error !== undefined) throw new SetupError(`${what} could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new SetupError(`${what} failed (exit code ${result.status ?? result.signal})`);
}

/** The npm that runs this script, else the one on the PATH. */
function runNpm(args, what) {
  const npm = process.env["npm_execpath"];
  if (npm !== undefined && /\.c?js$/.test(npm)) run(process.execPath, [npm, ...args], what);
  else run("npm", args, what);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
    throw new SetupError(`Node ${NODE_MIN.join(".")} or newer is needed, this is ${process.versions.node}`);
  }
}

/** Every package that the lock asks for on all platforms is in node_modules with the same version. */
function packagesInstalled() {
  const read = (path) => JSON.parse(readFileSync(join(ROOT, path), "utf8")).packages;
  if (!existsSync(join(ROOT, "node_modules/.package-lock.json"))) return false;
  const installed = read("node_modules/.package-lock.json");
  return Object.entries(read("package-lock.json")).every(
    ([path, wanted]) => path === "" || wanted.optional === true || installed[path]?.version === wanted.version,
  );
}

function installPackages() {
  if (!existsSync(join(ROOT, "package-lock.json"))) {
    say("installing npm packages (npm install: there is no package-lock.json)");
    runNpm(["install", "--ignore-scripts"], "npm install");
  } else if (packagesInstalled()) {
    say("npm packages are installed");
  } else {
    say("installing npm packages (npm ci)");
    runNpm(["ci", "--ignore-scripts"], "npm ci");
  }
}

function build() {
  say("building (npm run build)");
  runNpm(["run", "--silent", "build"], "the build");
}

function findServer() {
  for (const name of SERVERS) {
    const path = findOnPath(name);
    if (path !== null) return path;
  }
  return null;
}

function installServer() {
  const manager = MANAGERS.find(({ program }) => findOnPath(program) !== null);
  if (manager === undefined) {
    throw new SetupError(
      "there is no redis-server or valkey-server on the PATH, and none of apt-get, dnf and brew to install one.\n" +
        "Install Redis 7 or newer (or Valkey) with your system's package manager and run `npm run setup` again,\n" +
        "or give the server an existing one: REDIS_URL=redis://HOST:PORT npm start",
    );
  }
  const isRoot = process.getuid?.() === 0;
  const sudo = manager.root && !isRoot ? findOnPath("sudo") : null;
  if (manager.root && !isRoot && sudo === null) {
    throw new SetupError(
      "there is no redis-server or valkey-server on the PATH, and installing one needs root. Run as root:\n" +
        `  ${manager.shown}`,
    );
  }
  const shown = `${sudo === null ? "" : "sudo "}${manager.shown}`;
  say(`there is no redis-server or valkey-server on the PATH, installing one: ${shown}`);
  try {
    if (sudo === null) run("sh", ["-c", manager.script], manager.program);
    // Without a terminal nobody could answer a question for a password.
    else run(sudo, [...(process.stdin.isTTY ? [] : ["-n"]), "sh", "-c", manager.script], manager.program);
  } catch (error) {
    throw new SetupError(`${error.message}. Install it yourself, then run \`npm run setup\` again:\n  ${shown}`);
  }
  if (findServer() === null) {
    throw new SetupError(`${manager.program} finished, but no redis-server or valkey-server is on the PATH`);
  }
  if (manager.program === "apt-get") {
    say("its package also registers a system service on port 6379, which Sluice does not use");
  }
}

function checkServer() {
  if (findServer() === null) installServer();
  const server = findServer();
  const { stdout } = spawnSync(server, ["--version"], { encoding: "utf8" });
  const version = /v=(\d+)\.([\d.]+)/.exec(stdout ?? "");
  if (version === null) throw new SetupError(`${server} does not tell its version`);
  if (Number(version[1]) < REDIS_MAJOR_MIN) {
    throw new SetupError(`${server} is version ${version[1]}.${version[2]}; ${REDIS_MAJOR_MIN}.0 or newer is needed`);
  }
  say(`${server} is version ${version[1]}.${version[2]}`);
}

try {
  checkNode();
  installPackages();
  build();
  checkServer();
  say("ready: `npm start` starts the server, `npm test` runs the tests");
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = 1;
}
