/** `npm run setup` with stand-ins for npm, the package managers and sudo, so that nothing is really installed. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const SETUP = fileURLToPath(new URL("../../scripts/setup.mjs", import.meta.url));
const isRoot = process.getuid?.() === 0;
/** The script for apt-get runs whole in this test, which must leave the machine as it is. */
const mayPlayApt = isRoot && existsSync("/var/lib/apt/lists") && existsSync("/usr/sbin/policy-rc.d");

let dir: string;
let bin: string;
let calls: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-setup-"));
  bin = join(dir, "bin");
  calls = join(dir, "calls");
  mkdirSync(bin);
  mkdirSync(join(dir, "project", "scripts"), { recursive: true });
  copyFileSync(SETUP, join(dir, "project", "scripts", "setup.mjs"));
  writeFileSync(calls, "");
  for (const tool of ["sh", "cat", "ls", "chmod", "rm"]) symlinkSync(`/bin/${tool}`, join(bin, tool));
  lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0", optional: true } });
  program("npm", "exit 0");
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A program on the PATH that writes down how it was called, then runs `then`. */
function program(name: string, then: string): void {
  const script = `#!/bin/sh\necho "${name} $*" >> ${calls}\n${then}\n`;
  writeFileSync(join(bin, name), script, { mode: 0o755 });
}

function server(version: string): string {
  return `echo "Redis server v=${version} sha=0"`;
}

/** Shell that puts a server on the PATH, as installing a package does. */
function installs(version: string): string {
  return `printf '#!/bin/sh\\necho "Redis server v=${version} sha=0"\\n' > ${bin}/redis-server; chmod 755 ${bin}/redis-server`;
}

function lock(packages: object): void {
  writeFileSync(join(dir, "project", "package-lock.json"), JSON.stringify({ packages: { "": {}, ...packages } }));
}

function installed(packages: object): void {
  mkdirSync(join(dir, "project", "node_modules"), { recursive: true });
  writeFileSync(join(dir, "project", "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
}

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly calls: string[];
}

function setup(): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dir, "project", "scripts", "setup.mjs")], {
    env: { PATH: bin },
    encoding: "utf8",
  });
  const made = readFileSync(calls, "utf8").trim().split("\n");
  return {
    code: status,
    out: stdout,
    err: stderr,
    calls: made.filter((line) => /^(npm|apt-get|dnf|brew|sudo) /.test(line)),
  };
}

test("installs what the lock says, builds, and is content with a server that is there", () => {
  program("valkey-server", server("8.1.0"));
  const { code, out, calls: made } = setup();
  expect(code).toBe(0);
  expect(made).toEqual(["npm ci --ignore-scripts", "npm run --silent build"]);
  expect(out).toContain("valkey-server is version 8.1.0");
  expect(out).toContain("ready: `npm start`");
});

test("leaves packages alone that are installed, whatever other platforms would need", () => {
  program("redis-server", server("7.0.15"));
  installed({ "node_modules/a": { version: "1.0.0" } });
  expect(setup()).toMatchObject({ code: 0, calls: ["npm run --silent build"] });
});

test("installs again when the lock asks for another version", () => {
  program("redis-server", server("7.0.15"));
  installed({ "node_modules/a": { version: "0.9.0" } });
  expect(setup().calls[0]).toBe("npm ci --ignore-scripts");
});

test("does without a lock", () => {
  program("redis-server", server("7.0.15"));
  rmSync(join(dir, "project", "package-lock.json"));
  expect(setup().calls[0]).toBe("npm install --ignore-scripts");
});

test("stops when npm fails", () => {
  program("npm", "exit 7");
  const { code, err, calls: made } = setup();
  expect(code).toBe(1);
  expect(err).toBe("setup: npm ci failed (exit code 7)\n");
  expect(made).toHaveLength(1);
});

test("refuses a server that is too old", () => {
  program("redis-server", server("6.0.16"));
  const { code, err } = setup();
  expect(code).toBe(1);
  expect(err).toContain("is version 6.0.16; 7.0 or newer is needed");
});

test.runIf(isRoot)("installs a server, saying so before", () => {
  program("dnf", installs("7.2.4"));
  const { code, out, calls: made } = setup();
  expect(code).toBe(0);
  expect(out).toContain("there is no redis-server or valkey-server on the PATH, installing one: dnf install -y redis");
  expect(made.at(-1)).toBe("dnf install -y redis");
});

test.runIf(mayPlayApt)("installs a server with apt-get, with fresh lists where it needs them", () => {
  program(
    "apt-get",
    `[ "$1" = update ] && touch ${dir}/updated && exit 0\n[ -e ${dir}/updated ] || exit 100\n${installs("7.0.15")}`,
  );
  symlinkSync("/usr/bin/touch", join(bin, "touch"));
  const { code, out, calls: made } = setup();
  expect(code).toBe(0);
  expect(made.slice(2)).toContain("apt-get update -q");
  expect(made.at(-1)).toBe("apt-get install -y -q redis-server");
  expect(out).toContain("installing one: apt-get install -y redis-server");
});

test("says what to run when the package manager fails", () => {
  program("brew", "exit 1");
  const { code, err } = setup();
  expect(code).toBe(1);
  expect(err).toContain("brew failed (exit code 1). Install it yourself");
  expect(err).toContain("\n  brew install redis\n");
});

test("says what to do where there is no package manager that it knows", () => {
  const { code, err } = setup();
  expect(code).toBe(1);
  expect(err).toContain("REDIS_URL=redis://HOST:PORT npm start");
});

test("does not believe a package manager that installed nothing", () => {
  program("brew", "exit 0");
  expect(setup()).toMatchObject({ code: 1, err: expect.stringContaining("brew finished, but no redis-server") });
});
