import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { actionModeFor, ConfigError, readConfig, VARIABLES, type Role } from "../../kernel/config.ts";
import { LIMITS } from "../../kernel/limits.ts";

function problemsOf(env: Record<string, string>, roles?: readonly Role[]): readonly string[] {
  try {
    readConfig(env, roles);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("an empty environment is a complete configuration", () => {
  const config = readConfig({});
  expect(config).toMatchObject({
    port: 8080,
    host: "127.0.0.1",
    redisUrl: null,
    redisFsync: "always",
    dataDir: resolve("data"),
    partitions: null,
    clockMode: null,
    writeKeys: [],
    apiKeys: [],
    modelFile: null,
    logLevel: "info",
  });
  expect(config.limits).toMatchObject({
    event_bytes_max: LIMITS.event_bytes_max,
    batch_events_max: LIMITS.batch_events_max,
    batch_bytes_max: LIMITS.batch_bytes_max,
    body_unzipped_bytes_max: LIMITS.body_unzipped_bytes_max,
    dedupe_ms: LIMITS.dedupe_ms,
    dedupe_max: LIMITS.dedupe_max,
    window_entries_max: LIMITS.window_entries_max,
    tags_max: LIMITS.tags_max,
  });
});

test("every variable is read", () => {
  const config = readConfig({
    PORT: "0",
    HOST: "0.0.0.0",
    REDIS_URL: "redis://a:1,redis://b:2",
    REDIS_FSYNC: "everysec",
    CLICKHOUSE_URL: "http://c:8123",
    DATA_DIR: "/var/lib/sluice",
    PARTITIONS: "4",
    CLOCK: "event",
    WRITE_KEYS: "w1, w2",
    BROWSER_KEYS: "b1",
    API_KEYS: "a1",
    CORS_ORIGINS: "https://shop.example, http://localhost:3000",
    TRUST_PROXY: "10.0.0.0/8,::1",
    ACTIONS: "off",
    METRICS_PUBLIC: "true",
    MODEL: "/etc/shop.sluice",
    LOG_LEVEL: "warn",
    EVENT_BYTES_MAX: "2048",
    BATCH_EVENTS_MAX: "10",
    BATCH_BYTES_MAX: "4096",
    BODY_BYTES_MAX: "8192",
    STREAM_MAX_BYTES: "2000000",
    BROWSER_EVENTS_PER_SECOND: "7",
    DEDUPE_HOURS: "0.5",
    DEDUPE_MAX: "5000",
    WINDOW_ENTRIES_MAX: "7",
    TAGS_MAX: "8",
    DISTINCT_MAX: "9",
    TRAITS_MAX: "10",
    PROCESSOR_THREADS: "3",
    PROCESSOR_MEMORY_MB: "64",
    SWEEP_SECONDS: "0.5",
    LEASE_SECONDS: "2",
  });
  expect(config).toEqual({
    port: 0,
    host: "0.0.0.0",
    redisUrl: "redis://a:1,redis://b:2",
    redisFsync: "everysec",
    clickhouseUrl: "http://c:8123",
    dataDir: "/var/lib/sluice",
    partitions: 4,
    clockMode: "event",
    writeKeys: ["w1", "w2"],
    browserKeys: ["b1"],
    apiKeys: ["a1"],
    corsOrigins: ["https://shop.example", "http://localhost:3000"],
    trustedProxies: ["10.0.0.0/8", "::1"],
    actions: "off",
    metricsPublic: true,
    modelFile: "/etc/shop.sluice",
    logLevel: "warn",
    limits: {
      event_bytes_max: 2048,
      batch_events_max: 10,
      batch_bytes_max: 4096,
      body_unzipped_bytes_max: 8192,
      stream_bytes_max: 2_000_000,
      browser_events_per_second: 7,
      dedupe_ms: 1_800_000,
      dedupe_max: 5000,
      window_entries_max: 7,
      tags_max: 8,
      distinct_max: 9,
      traits_max: 10,
      processor_threads: 3,
      processor_memory_bytes: 64 * 1024 * 1024,
      sweep_ms: 500,
      lease_ms: 2000,
    },
  });
});

test("a variable set to nothing counts as unset", () => {
  expect(readConfig({ PORT: "", WRITE_KEYS: "", REDIS_URL: "" })).toEqual(readConfig({}));
});

test("all mistakes are told together, with what would be right", () => {
  expect(() =>
    readConfig({ PORT: "http", CLOCK: "utc", PARTITIONS: "0", LOG_LEVEL: "loud", DEDUPE_HOURS: "-1", HOST: "a b" }),
  ).toThrow(`The configuration has 6 mistakes:
  - PORT="http" must be a whole number from 0 to 65535
  - HOST="a b" must be an IP address or a host name, without a port
  - PARTITIONS="0" must be a whole number from 1 to 1024
  - CLOCK="utc" must be one of wall, event
  - LOG_LEVEL="loud" must be one of trace, debug, info, warn, error, fatal, silent
  - DEDUPE_HOURS="-1" must be a number from 0.01 to 8760`);
});

test("keys and addresses with passwords are not repeated in messages", () => {
  const problems = problemsOf({
    WRITE_KEYS: "se cret",
    API_KEYS: "a:b",
    REDIS_URL: "http://u:hunter2@h",
    CLICKHOUSE_URL: "x",
  });
  expect(problems).toHaveLength(4);
  expect(problems.join("\n")).not.toMatch(/se cret|a:b|hunter2/);
});

test.each(["8080.5", "1e3", "0x10", " 1", "-1", "65536", "99999999999999999999"])("PORT=%j is refused", (PORT) => {
  expect(problemsOf({ PORT })).toEqual([expect.stringContaining("PORT=")]);
});

test("limits that contradict each other are named together", () => {
  expect(problemsOf({ EVENT_BYTES_MAX: "600000" })).toEqual([
    "EVENT_BYTES_MAX (600000) must not be larger than BATCH_BYTES_MAX (512000)",
  ]);
  expect(problemsOf({ BODY_BYTES_MAX: "2000" })).toEqual([
    "BATCH_BYTES_MAX (512000) must not be larger than BODY_BYTES_MAX (2000)",
  ]);
  // The one that is no number at all is not compared.
  expect(problemsOf({ EVENT_BYTES_MAX: "x" })).toHaveLength(1);
});

describe("without keys only loopback is served", () => {
  const redis = { REDIS_URL: "redis://h" };

  test.each(["0.0.0.0", "192.168.1.5", "::", "sluice.example", "128.0.0.1"])("HOST=%s is refused", (HOST) => {
    expect(problemsOf({ HOST })).toEqual([
      `HOST=${HOST} can be reached from outside: set WRITE_KEYS and API_KEYS, or use 127.0.0.1`,
    ]);
  });

  test.each(["127.0.0.1", "127.8.8.8", "::1", "localhost"])("HOST=%s is fine", (HOST) => {
    expect(problemsOf({ HOST })).toEqual([]);
  });

  test("each role asks for its own keys", () => {
    const HOST = "0.0.0.0";
    expect(problemsOf({ ...redis, HOST, WRITE_KEYS: "w" }, ["ingest"])).toEqual([]);
    expect(problemsOf({ ...redis, HOST, WRITE_KEYS: "w" }, ["query"])).toEqual([
      expect.stringContaining("set API_KEYS"),
    ]);
    expect(problemsOf({ ...redis, HOST, API_KEYS: "a" }, ["query", "processor"])).toEqual([]);
    expect(problemsOf({ ...redis, HOST }, ["processor"])).toEqual([]);
  });
});

test("browser keys are enough for collection to be served outside", () => {
  expect(problemsOf({ HOST: "0.0.0.0", BROWSER_KEYS: "b", API_KEYS: "a" })).toEqual([]);
});

test.each(["WRITE_KEYS", "API_KEYS"])("a key can't be public and one of %s", (name) => {
  const [problem, ...rest] = problemsOf({ BROWSER_KEYS: "x1,shared", [name]: "shared,y2" });
  expect(rest).toEqual([]);
  expect(problem).toContain(`BROWSER_KEYS and ${name} have a key in common`);
  expect(problem).not.toContain("shared");
});

test.each(["https://shop.example/", "shop.example", "ftp://x", "https://x/y", "null", "https://a.example,"])(
  "CORS_ORIGINS=%s is refused",
  (CORS_ORIGINS) => {
    expect(problemsOf({ CORS_ORIGINS })).toEqual([expect.stringContaining("must be origins such as https://")]);
  },
);

test("CORS_ORIGINS=* stands for all", () => {
  expect(readConfig({ CORS_ORIGINS: "*" }).corsOrigins).toEqual(["*"]);
});

test.each(["proxy", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.1/", "::1/129"])("TRUST_PROXY=%s is refused", (one) => {
  expect(problemsOf({ TRUST_PROXY: one })).toEqual([expect.stringContaining("TRUST_PROXY=")]);
});

test("actions are delivered by the machine's clock, and only recorded in a replay, unless ACTIONS says otherwise", () => {
  expect([actionModeFor("wall", null), actionModeFor("event", null)]).toEqual(["on", "record"]);
  expect(actionModeFor("event", readConfig({ ACTIONS: "off" }).actions)).toBe("off");
  expect(problemsOf({ ACTIONS: "yes" })).toEqual(['ACTIONS="yes" must be one of on, record, off']);
});

test("roles that are split over processes need a Redis that all of them reach", () => {
  expect(problemsOf({}, ["query"])).toEqual([expect.stringContaining("set REDIS_URL")]);
});

test("the help lists every variable with a meaning", () => {
  expect(VARIABLES.length).toBeGreaterThan(20);
  expect(VARIABLES.filter(({ meaning }) => meaning === "")).toEqual([]);
  expect(VARIABLES.find(({ name }) => name === "PORT")?.default).toBe("8080");
});
