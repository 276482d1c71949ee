/**
 * Configuration: environment variables only, read once at the start. All that is wrong is reported together, so that
 * nobody has to start ten times to find ten mistakes.
 */
import { isIP, isIPv4 } from "node:net";
import { resolve } from "node:path";
import { cleanEnv, makeValidator } from "envalid";
import type { ClockMode } from "./clock.ts";
import { LIMITS } from "./limits.ts";

export type Role = "ingest" | "processor" | "query";
export const ROLES = ["ingest", "processor", "query"] as const satisfies readonly Role[];

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** When the private Redis writes its append-only file through to the disk; see cli/private-redis/server.ts. */
export type Fsync = "always" | "everysec" | "no";

/** What happens to deliveries and other actions of automations: done, only listed, or nothing at all. */
export type ActionMode = "on" | "record" | "off";

/** Bounds that an operator may change; units last in their names, as in kernel/limits.ts. */
export interface ConfigLimits {
  readonly event_bytes_max: number;
  readonly batch_events_max: number;
  readonly batch_bytes_max: number;
  readonly body_unzipped_bytes_max: number;
  readonly stream_bytes_max: number;
  /** Events that one address may send with browser keys, in the long run. */
  readonly browser_events_per_second: number;
  readonly dedupe_ms: number;
  readonly dedupe_max: number;
  readonly window_entries_max: number;
  readonly tags_max: number;
  readonly distinct_max: number;
  readonly traits_max: number;
  /** 0: as many as the machine has cores. */
  readonly processor_threads: number;
  /** For resident state, over all threads of the process; 0: a sixteenth of the machine's, 512 MB at least. */
  readonly processor_memory_bytes: number;
  readonly sweep_ms: number;
  readonly lease_ms: number;
}

export interface Config {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
  /** One URL or several nodes of a cluster with commas; null: a private server under `dataDir`. */
  readonly redisUrl: string | null;
  readonly redisFsync: Fsync;
  /** Reserved: this version keeps no history. */
  readonly clickhouseUrl: string | null;
  /** Absolute. */
  readonly dataDir: string;
  /** Null: what the store was made with, 16 for a new one. */
  readonly partitions: number | null;
  /** Null: what the store was made with, `wall` for a new one. */
  readonly clockMode: ClockMode | null;
  readonly writeKeys: readonly string[];
  /** Write keys that everybody can read in a page: they may do less. */
  readonly browserKeys: readonly string[];
  readonly apiKeys: readonly string[];
  /** Origins whose pages may read answers of collection; `*` stands for all. */
  readonly corsOrigins: readonly string[];
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly metricsPublic: boolean;
  /** Null: the default of the store's clock, see `actionModeFor`. */
  readonly actions: ActionMode | null;
  /** Absolute path of the model for a store that has none. */
  readonly modelFile: string | null;
  readonly logLevel: LogLevel;
  readonly limits: ConfigLimits;
}

export const PARTITIONS_DEFAULT = 16;
export const CLOCK_DEFAULT: ClockMode = "wall";

/** A replay of the past must not mail anybody, so with the event clock actions are only recorded. */
export function actionModeFor(clockMode: ClockMode, configured: ActionMode | null): ActionMode {
  return configured ?? (clockMode === "wall" ? "on" : "record");
}

/** Everything that is wrong with the environment, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? "a mistake" : `${problems.length} mistakes`}:\n` +
        problems.map((problem) => `  - ${problem}`).join("\n"),
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

type Env = Readonly<Record<string, string | undefined>>;

const wholeNumber = (min: number, max: number) =>
  makeValidator<number>((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new Error(`must be a whole number from ${min} to ${max}`);
    return value;
  });

const decimal = (min: number, max: number) =>
  makeValidator<number>((text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new Error(`must be a number from ${min} to ${max}`);
    return value;
  });

const oneOf = <T extends string>(...choices: readonly T[]) =>
  makeValidator<T>((text) => {
    const choice = choices.find((known) => known === text);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(", ")}`);
    return choice;
  });

const plainText = makeValidator<string>((text) => text);

const hostName = makeValidator<string>((text) => {
  if (isIP(text) === 0 && !/^(?!-)[A-Za-z0-9.-]{1,253}$/.test(text)) {
    throw new Error("must be an IP address or a host name, without a port");
  }
  return text;
});

const redisUrls = makeValidator<string>((text) => {
  for (const part of text.split(",")) {
    if (!hasScheme(part.trim(), ["redis:", "rediss:"])) {
      throw new Error("must be redis://HOST:PORT or rediss://…, for a cluster several with commas between them");
    }
  }
  return text;
});

const httpUrl = makeValidator<string>((text) => {
  if (!hasScheme(text, ["http:", "https:"])) throw new Error("must be http://HOST:PORT or https://…");
  return text;
});

/** Keys travel as the user name of HTTP Basic, where a colon would end it, and in headers, which are printable. */
const keys = makeValidator<readonly string[]>((text) => {
  const list = text.split(",").map((key) => key.trim());
  if (list.some((key) => !/^[!-9;-~]{1,255}$/.test(key))) {
    throw new Error("must be keys with commas between them, each of printable ASCII without spaces and colons");
  }
  return list;
});

const origins = makeValidator<readonly string[]>((text) => {
  const list = text.split(",").map((origin) => origin.trim());
  if (list.some((origin) => origin !== "*" && !isOrigin(origin))) {
    throw new Error("must be origins such as https://shop.example with commas between them, or *");
  }
  return list;
});

const networks = makeValidator<readonly string[]>((text) => {
  const list = text.split(",").map((network) => network.trim());
  if (!list.every(isNetwork)) {
    throw new Error("must be addresses or networks such as 10.0.0.0/8 with commas between them");
  }
  return list;
});

const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;

/** Every variable: what it allows, what stands for it when unset, and what `sluice start --help` says of it. */
const SPECS = {
  PORT: wholeNumber(0, 65_535)({ default: 8080, desc: "port of the HTTP server; 0 picks a free one" }),
  HOST: hostName({ default: "127.0.0.1", desc: "address to listen on; any but loopback needs keys" }),
  REDIS_URL: redisUrls({
    default: undefined,
    desc: "redis://… or rediss://…, comma-separated for a cluster; unset: a private server",
  }),
  REDIS_FSYNC: oneOf("always", "everysec", "no")({ default: "always", desc: "of the private server only" }),
  CLICKHOUSE_URL: httpUrl({ default: undefined, desc: "reserved for the history of events" }),
  DATA_DIR: plainText({ default: "./data", desc: "folder of the private server" }),
  PARTITIONS: wholeNumber(1, 1024)({ default: undefined, desc: "1 to 1024, fixed when a store is first used (16)" }),
  CLOCK: oneOf(
    "wall",
    "event",
  )({
    default: undefined,
    desc: "wall, or event to replay the past; fixed when a store is first used (wall)",
  }),
  WRITE_KEYS: keys({ default: [], desc: "keys for collection, comma-separated; unset: loopback only" }),
  API_KEYS: keys({ default: [], desc: "keys for query and control, comma-separated; unset: loopback only" }),
  BROWSER_KEYS: keys({ default: [], desc: "public keys for collection from pages: no alias, no import, rate limited" }),
  BROWSER_EVENTS_PER_SECOND: wholeNumber(
    1,
    1_000_000,
  )({ default: 100, desc: "events an address may send with BROWSER_KEYS; ten seconds' worth at once" }),
  CORS_ORIGINS: origins({ default: [], desc: "pages that may call collection: https://shop.example,…, or *" }),
  TRUST_PROXY: networks({ default: [], desc: "addresses of proxies whose X-Forwarded-For is believed" }),
  METRICS_PUBLIC: oneOf("true", "false")({ default: "false", desc: "true: /metrics asks for no key" }),
  ACTIONS: oneOf(
    "on",
    "record",
    "off",
  )({ default: undefined, desc: "deliver, only record, or neither (on; record with CLOCK=event)" }),
  MODEL: plainText({ default: undefined, desc: "file to load when the store has no model yet" }),
  LOG_LEVEL: oneOf(...LOG_LEVELS)({ default: "info", desc: LOG_LEVELS.join(", ") }),
  EVENT_BYTES_MAX: wholeNumber(1024, GIB)({ default: LIMITS.event_bytes_max, desc: "largest event" }),
  BATCH_EVENTS_MAX: wholeNumber(1, 1_000_000)({ default: LIMITS.batch_events_max, desc: "most events in a batch" }),
  BATCH_BYTES_MAX: wholeNumber(1024, GIB)({ default: LIMITS.batch_bytes_max, desc: "largest batch" }),
  BODY_BYTES_MAX: wholeNumber(
    1024,
    GIB,
  )({
    default: LIMITS.body_unzipped_bytes_max,
    desc: "largest body after gunzip",
  }),
  STREAM_MAX_BYTES: wholeNumber(
    1024 * 1024,
    Number.MAX_SAFE_INTEGER,
  )({
    default: 2 * GIB,
    desc: "backlog over which collection answers 503",
  }),
  DEDUPE_HOURS: decimal(
    0.01,
    8760,
  )({ default: LIMITS.dedupe_ms / HOUR_MS, desc: "how long a messageId is remembered" }),
  DEDUPE_MAX: wholeNumber(
    1000,
    1_000_000_000,
  )({
    default: LIMITS.dedupe_max,
    desc: "messageIds remembered in a partition",
  }),
  WINDOW_ENTRIES_MAX: wholeNumber(
    1,
    10_000_000,
  )({
    default: LIMITS.window_entries_max,
    desc: "entries kept for one windowed feature of a contact",
  }),
  TAGS_MAX: wholeNumber(1, 1_000_000)({ default: LIMITS.tags_max, desc: "tags of a contact" }),
  DISTINCT_MAX: wholeNumber(1, 1_000_000)({ default: LIMITS.distinct_max, desc: "values kept for distinct and most" }),
  TRAITS_MAX: wholeNumber(1, 1_000_000)({ default: LIMITS.traits_max, desc: "traits of a contact" }),
  PROCESSOR_THREADS: wholeNumber(
    1,
    256,
  )({ default: undefined, desc: "worker threads of the processor (as many as cores)" }),
  PROCESSOR_MEMORY_MB: wholeNumber(
    16,
    1024 * 1024,
  )({
    default: undefined,
    desc: "for the state of contacts, all threads (a sixteenth of the memory, 512 at least)",
  }),
  SWEEP_SECONDS: decimal(
    0.1,
    3600,
  )({ default: 30, desc: "longest time between checkpoints: what a restart runs again" }),
  LEASE_SECONDS: decimal(1, 300)({ default: 5, desc: "how soon a killed processor is replaced" }),
};

export const VARIABLES: readonly { readonly name: string; readonly default: string; readonly meaning: string }[] =
  Object.entries(SPECS).map(([name, spec]) => ({
    name,
    default: spec.default === undefined ? "" : String(spec.default),
    meaning: spec.desc ?? "",
  }));

/** Throws a `ConfigError`. `roles` decides which keys a HOST other than loopback asks for. */
export function readConfig(env: Env, roles: readonly Role[] = ROLES): Config {
  const problems: string[] = [];
  // A variable set to nothing (`WRITE_KEYS=`) is how shells and compose files leave one out.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const values = cleanEnv(given, SPECS, {
    reporter: ({ errors, env: valid }) => {
      for (const [name, error] of Object.entries(errors)) {
        problems.push(`${name}=${shown(name, given[name])} ${error?.message ?? "is not valid"}`);
      }
      problems.push(...contradictions(valid as Partial<Values>, given, roles));
      if (problems.length > 0) throw new ConfigError(problems);
    },
  });

  return {
    port: values.PORT,
    host: values.HOST,
    redisUrl: values.REDIS_URL ?? null,
    redisFsync: values.REDIS_FSYNC,
    clickhouseUrl: values.CLICKHOUSE_URL ?? null,
    dataDir: resolve(values.DATA_DIR),
    partitions: values.PARTITIONS ?? null,
    clockMode: values.CLOCK ?? null,
    writeKeys: values.WRITE_KEYS,
    browserKeys: values.BROWSER_KEYS,
    apiKeys: values.API_KEYS,
    corsOrigins: values.CORS_ORIGINS,
    trustedProxies: values.TRUST_PROXY,
    metricsPublic: values.METRICS_PUBLIC === "true",
    actions: values.ACTIONS ?? null,
    modelFile: values.MODEL === undefined ? null : resolve(values.MODEL),
    logLevel: values.LOG_LEVEL,
    limits: {
      event_bytes_max: values.EVENT_BYTES_MAX,
      batch_events_max: values.BATCH_EVENTS_MAX,
      batch_bytes_max: values.BATCH_BYTES_MAX,
      body_unzipped_bytes_max: values.BODY_BYTES_MAX,
      stream_bytes_max: values.STREAM_MAX_BYTES,
      browser_events_per_second: values.BROWSER_EVENTS_PER_SECOND,
      dedupe_ms: Math.round(values.DEDUPE_HOURS * HOUR_MS),
      dedupe_max: values.DEDUPE_MAX,
      window_entries_max: values.WINDOW_ENTRIES_MAX,
      tags_max: values.TAGS_MAX,
      distinct_max: values.DISTINCT_MAX,
      traits_max: values.TRAITS_MAX,
      processor_threads: values.PROCESSOR_THREADS ?? 0,
      processor_memory_bytes: (values.PROCESSOR_MEMORY_MB ?? 0) * 1024 * 1024,
      sweep_ms: Math.round(values.SWEEP_SECONDS * 1000),
      lease_ms: Math.round(values.LEASE_SECONDS * 1000),
    },
  };
}

/** What each variable allows by itself but all together don't. A variable that is wrong by itself is left out. */
function contradictions(valid: Partial<Values>, given: Env, roles: readonly Role[]): string[] {
  const problems: string[] = [];
  const atMost = (small: keyof Values & `${string}MAX`, large: keyof Values & `${string}MAX`): void => {
    const [low, high] = [valid[small], valid[large]];
    if (low !== undefined && high !== undefined && low > high) {
      problems.push(`${small} (${low}) must not be larger than ${large} (${high})`);
    }
  };
  atMost("EVENT_BYTES_MAX", "BATCH_BYTES_MAX");
  atMost("BATCH_BYTES_MAX", "BODY_BYTES_MAX");
  if (valid.HOST !== undefined && !isLoopback(valid.HOST)) {
    const noKeys = given["WRITE_KEYS"] === undefined && given["BROWSER_KEYS"] === undefined;
    const missing = [
      ...(roles.includes("ingest") && noKeys ? ["WRITE_KEYS"] : []),
      ...(roles.includes("query") && given["API_KEYS"] === undefined ? ["API_KEYS"] : []),
    ];
    if (missing.length > 0) {
      problems.push(`HOST=${valid.HOST} can be reached from outside: set ${missing.join(" and ")}, or use 127.0.0.1`);
    }
  }
  for (const secret of ["WRITE_KEYS", "API_KEYS"] as const) {
    if (valid[secret]?.some((key) => valid.BROWSER_KEYS?.includes(key) === true)) {
      problems.push(`BROWSER_KEYS and ${secret} have a key in common: one is public, the other must not be`);
    }
  }
  if (roles.length < ROLES.length && given["REDIS_URL"] === undefined) {
    problems.push("--roles: processes that share the work need one Redis that all of them reach; set REDIS_URL");
  }
  return problems;
}

interface Values {
  readonly EVENT_BYTES_MAX: number;
  readonly BATCH_BYTES_MAX: number;
  readonly BODY_BYTES_MAX: number;
  readonly HOST: string;
  readonly WRITE_KEYS: readonly string[];
  readonly BROWSER_KEYS: readonly string[];
  readonly API_KEYS: readonly string[];
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function hasScheme(text: string, schemes: readonly string[]): boolean {
  return URL.canParse(text) && schemes.includes(new URL(text).protocol) && new URL(text).hostname !== "";
}

/** As browsers write it: scheme, host and port without anything behind. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;
}

function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  if (isIP(address) === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128));
}

/** Keys and passwords don't belong in a log. */
function shown(name: string, value: string | undefined): string {
  if (name.endsWith("_KEYS") || name.endsWith("_URL")) return "…";
  return JSON.stringify(value ?? "");
}
