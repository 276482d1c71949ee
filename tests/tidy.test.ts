/** The shape of the source, kept by a test instead of by memory. CONTRIBUTING.md says why. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What each layer may import beside itself. Bench and tests may import anything, and nothing imports them. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  dsl: ["kernel"],
  ingest: ["kernel", "dsl"],
  processor: ["kernel", "dsl"],
  query: ["kernel", "dsl"],
  cli: ["kernel", "dsl", "ingest", "processor", "query"],
};
const LAYER_NAMES = Object.keys(LAYERS);
/** A file that is much longer than its neighbours has a second subject. */
const LINES_MAX = 450;
const TEST_LINES_MAX = 900;

interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT = /^(?:import|export)\s[\w$*{}\s,]*\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

function filesUnder(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split("/").includes("node_modules"));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), "utf8");
  const imports = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
  return { path, text, imports };
}

const sources = LAYER_NAMES.flatMap((layer) => filesUnder(layer, /\.ts$/)).map(readSource);
const others = ["tests", "bench", "packer"].flatMap((folder) => filesUnder(folder, /\.ts$/)).map(readSource);
const everything = [...sources, ...others];

function layerOf(path: string): string {
  return path.split("/")[0] ?? "";
}

/** The files of this project that a file imports, from the root. AssemblyScript wants their names without an ending. */
function targets({ path, imports }: SourceFile): string[] {
  const ending = layerOf(path) === "packer" ? ".ts" : "";
  return imports
    .filter((name) => name.startsWith("."))
    .map((name) => relative(ROOT, resolve(ROOT, dirname(path), name + ending)));
}

/** Code without comments and texts, so that a rule is not broken by speaking of it. */
function codeOf(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '""');
}

test("there is source to look at, and its imports are seen", () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(readSource("tests/tidy.test.ts").imports).toContain("vitest");
});

test("a layer imports only what lies below it", () => {
  const wrong = sources.flatMap((file) => {
    const layer = layerOf(file.path);
    const allowed = [layer, ...(LAYERS[layer] ?? [])];
    return targets(file)
      .filter((target) => !allowed.includes(layerOf(target)))
      .map((target) => `${file.path} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("every import names a file that exists, with its ending", () => {
  const wrong = everything.flatMap((file) =>
    targets(file)
      .filter((target) => !existsSync(join(ROOT, target)))
      .map((target) => `${file.path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("the language is pure: no package, no I/O, no clock", () => {
  const wrong = sources.flatMap((file) => {
    if (layerOf(file.path) !== "dsl") return [];
    return file.imports.filter((name) => !name.startsWith(".")).map((name) => `${file.path} imports ${name}`);
  });
  expect(wrong).toEqual([]);
});

test("no file imports itself in a circle", () => {
  const byPath = new Map(sources.map((file) => [file.path, targets(file)]));
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [[...way.slice(way.indexOf(path)), path].join(" -> ")];
    if (done.has(path)) return [];
    const found = (byPath.get(path) ?? []).flatMap((target) => visit(target, [...way, path]));
    done.add(path);
    return found;
  };
  expect([...byPath.keys()].flatMap((path) => visit(path, []))).toEqual([]);
});

test("only kernel/clock.ts asks the machine for the time", () => {
  const asks = /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)/;
  const wrong = everything.filter(({ path, text }) => path !== "kernel/clock.ts" && asks.test(codeOf(text)));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("a file has one subject: none is far longer than its neighbours", () => {
  const long = everything
    .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
    .filter(({ path, lines }) => lines > (layerOf(path) === "tests" ? TEST_LINES_MAX : LINES_MAX))
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  expect(long).toEqual([]);
});

test("no file is named after nothing, and none only passes on what others export", () => {
  const vague = /^(?:index|utils?|helpers?|misc|common|shared|lib)\.ts$/;
  const barrel = /^export\s+(?:\*|(?:type\s+)?\{[^}]*\})\s*(?:as\s+\w+\s*)?from\b/m;
  const wrong = everything.filter(({ path, text }) => {
    if (vague.test(basename(path))) return true;
    const rest = codeOf(text).replace(new RegExp(`${barrel.source}[^;]*;`, "gm"), "");
    return barrel.test(codeOf(text)) && !/\b(?:function|const|class|interface|type)\b/.test(rest);
  });
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

describe("no file tells where it was written", () => {
  const texts = [
    ...[
      "cli",
      "kernel",
      "dsl",
      "ingest",
      "processor",
      "query",
      "tests",
      "bench",
      "scripts",
      "docs",
      "examples",
      ".ci",
    ].flatMap((folder) => filesUnder(folder, /./)),
    ...readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name),
  ].map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
  const naming = (text: string): string[] => texts.filter((file) => file.text.includes(text)).map(({ path }) => path);

  test("neither this folder nor the home of whoever works in it", () => {
    expect(naming(ROOT)).toEqual([]);
    // The home of root is a word that is fine elsewhere.
    if (homedir().split("/").length > 2) expect(naming(`${homedir()}/`)).toEqual([]);
    expect(
      texts.filter(({ text }) => /(?:^|[\s"'`(=:])\/(?:home|Users)\/\w/m.test(text)).map(({ path }) => path),
    ).toEqual([]);
  });

  test("nor from which host packages were fetched", () => {
    const locks = texts.filter(({ path }) => basename(path) === "package-lock.json");
    expect(locks.length).toBeGreaterThan(1);
    expect(locks.filter(({ text }) => /"resolved": "http/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

test("the lock has the packages of every platform", () => {
  const { stderr } = spawnSync(process.execPath, [join(ROOT, "scripts", "complete-lock.mjs"), "--check"], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
});
