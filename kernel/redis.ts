/**
 * Connections to Redis, one server or a cluster, with the settings that the commit protocol relies on:
 *
 * - Nothing is sent twice behind our back and nothing waits for ever: no resending after a reconnect, no queue while
 *   offline, a time limit on every command or on the silence of the connection (kernel/silence.ts). A command that
 *   fails with a connection error or a time-out may or may not have been executed; whoever sent it finds out. (A
 *   cluster client does repeat a command whose node went away; every write of ours is either idempotent or guarded by
 *   a sequence number.)
 * - RESP2: the only protocol with the same reply shapes from every server that we support.
 * - A blocking read has a connection of its own, so that no other command waits behind it.
 */
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Log } from "./log.ts";
import { connectorInto, type ReplyBuffers } from "./reply-buffers.ts";
import { endAtSilence } from "./silence.ts";

export type RedisClient = Redis | Cluster;

export interface ConnectOptions {
  /** Shown by CLIENT LIST and in log lines: `processor`, `reader`, … */
  readonly name: string;
  readonly log: Log;
  /**
   * A time limit for each command, ms; null for connections that only carry blocking reads, and where the thread may be
   * busy for so long: it fires although the reply has arrived and only was not read yet. Default 5,000.
   */
  readonly commandTimeoutMs?: number | null;
  /** A connection that owes a reply and stays silent for about this long, ms, is made anew. Default 10,000. */
  readonly silenceMs?: number;
  /**
   * Replies are read into these, where that can be had (one server, no TLS), and are valid until they are released: for
   * a connection of one reader.
   */
  readonly buffers?: ReplyBuffers;
}

const COMMAND_TIMEOUT_MS = 5_000;
const SILENCE_MS = 10_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

/**
 * Connects in the background; `whenReady` waits for it. Reconnects for ever with growing pauses, and writes one log
 * line for each change between up and down.
 *
 * @param url `redis://[user:password@]host:port[/db]`, `rediss://…`, or several of them separated by commas (the
 *   scheme may be left out from the second on) for the nodes of a cluster. Throws on a malformed one.
 */
export function connectRedis(url: string, options: ConnectOptions): RedisClient {
  const nodes = parseNodes(url);
  const [first] = nodes;
  if (first === undefined) throw new Error("the Redis URL is empty");
  const common = commonOptions(first, options);
  const client: RedisClient =
    nodes.length === 1
      ? new Redis(portOf(first), hostOf(first), {
          ...common,
          ...(options.buffers === undefined || first.protocol === "rediss:"
            ? {}
            : { Connector: connectorInto(options.buffers) }),
          db: dbOf(first),
          enableOfflineQueue: false,
          retryStrategy: retryPause,
        })
      : new Cluster(
          nodes.map((node) => ({ host: hostOf(node), port: portOf(node) })),
          clusterOptions(common),
        );
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  if (isCluster(client)) client.on("+node", (node: Redis) => endAtSilence(node, silenceMs));
  else endAtSilence(client, silenceMs);
  logChanges(client, options);
  return client;
}

/** True for a cluster: keys of different partitions can't share a command. */
export function isCluster(client: RedisClient): client is Cluster {
  return client instanceof Cluster;
}

/**
 * Resolves when commands can be sent. Rejects when the connection was closed for good, or after `timeoutMs` with the
 * last error of the connection in the message.
 */
export function whenReady(client: RedisClient, timeoutMs: number | null = null): Promise<void> {
  if (client.status === "ready") return Promise.resolve();
  if (client.status === "end") return Promise.reject(new Error("the connection to Redis is closed"));
  return new Promise((resolve, reject) => {
    let lastError: Error | null = null;
    const finish = (error: Error | null): void => {
      clearTimeout(timer);
      client.off("ready", onReady);
      client.off("end", onEnd);
      client.off("error", onError);
      if (error === null) resolve();
      else reject(error);
    };
    const onReady = (): void => finish(null);
    const onEnd = (): void => finish(new Error("the connection to Redis was closed"));
    const onError = (error: Error): void => {
      lastError = error;
    };
    const timer =
      timeoutMs === null
        ? undefined
        : setTimeout(() => {
            const why = lastError === null ? "no answer" : lastError.message;
            finish(new Error(`Redis can't be reached within ${timeoutMs} ms: ${why}`));
          }, timeoutMs);
    client.on("ready", onReady);
    client.on("end", onEnd);
    client.on("error", onError);
  });
}

const TROUBLE_NAMES: ReadonlySet<string> = new Set([
  "ReplyError",
  "AbortError",
  "MaxRetriesPerRequestError",
  "ClusterAllFailedError",
]);
const TROUBLE_MESSAGES = /^(Connection is closed|Command timed out|Stream isn't writeable|Socket timeout|connect )/;
const TROUBLE_CODES = /^E(CONN|PIPE|HOST|NET|TIMEDOUT|NOTFOUND|AI_)/;

/** Whether an error came from Redis or the way to it, rather than from a mistake of the program. */
export function isRedisTrouble(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return TROUBLE_NAMES.has(error.name) || TROUBLE_MESSAGES.test(error.message) || TROUBLE_CODES.test(code);
}

/** Connections whose end is no news. */
const closedByUs = new WeakSet<RedisClient>();

/** Closes at once; replies that are still owed become errors. */
export function disconnectRedis(client: RedisClient): void {
  closedByUs.add(client);
  client.disconnect();
}

function parseNodes(url: string): URL[] {
  const parts = url
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const scheme = parts[0]?.startsWith("rediss://") ? "rediss://" : "redis://";
  return parts.map((part) => {
    let node: URL;
    try {
      node = new URL(part.includes("://") ? part : scheme + part);
    } catch {
      throw new Error("the Redis URL is malformed: expected redis://[user:password@]host:port[/db]");
    }
    if (node.protocol !== "redis:" && node.protocol !== "rediss:") {
      throw new Error(`the Redis URL must begin with redis:// or rediss://, not ${node.protocol}//`);
    }
    return node;
  });
}

function hostOf(node: URL): string {
  // An IPv6 address stands in brackets in a URL and without them in a socket address.
  return node.hostname.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1";
}

function portOf(node: URL): number {
  return node.port === "" ? 6379 : Number(node.port);
}

function dbOf(node: URL): number {
  const db = node.pathname.replace(/^\//, "");
  if (db !== "" && !/^\d+$/.test(db))
    throw new Error(`the Redis URL names database ${JSON.stringify(db)}, not a number`);
  return Number(db);
}

/** Reply shapes of RESP2 are part of the client's type, so this option is none. */
type Settings = Omit<RedisOptions, "replyMapping">;

function commonOptions(node: URL, options: ConnectOptions): Settings {
  const timeout = options.commandTimeoutMs === undefined ? COMMAND_TIMEOUT_MS : options.commandTimeoutMs;
  return {
    protocol: 2,
    connectionName: `sluice-${options.name}`,
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    connectTimeout: COMMAND_TIMEOUT_MS,
    ...(timeout === null ? {} : { commandTimeout: timeout }),
    ...(node.username === "" ? {} : { username: decodeURIComponent(node.username) }),
    ...(node.password === "" ? {} : { password: decodeURIComponent(node.password) }),
    ...(node.protocol === "rediss:" ? { tls: { servername: hostOf(node) } } : {}),
  };
}

function clusterOptions(common: Settings) {
  return {
    redisOptions: common,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryPause,
    slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
    // Together longer than a failover takes, so that a short one is a delay and not an error.
    retryDelayOnFailover: 200,
    retryDelayOnClusterDown: 200,
    maxRedirections: 32,
  };
}

/** Doubling pauses with up to a fifth of chance in them, so that many clients don't return at the same moment. */
function retryPause(attempt: number): number {
  const pause = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempt - 1, 16), RETRY_MAX_MS);
  return Math.round(pause * (0.9 + Math.random() * 0.2));
}

function logChanges(client: RedisClient, { name, log }: ConnectOptions): void {
  let up: boolean | null = null;
  let lastError: Error | null = null;
  client.on("ready", () => {
    if (up === false) log.info({ connection: name }, "redis is reachable again");
    else log.debug({ connection: name }, "redis is connected");
    up = true;
  });
  // Without a listener ioredis prints to the console.
  client.on("error", (error: Error) => {
    lastError = error;
    if (up === null) goneDown();
  });
  client.on("close", () => {
    if (up === true) goneDown();
  });
  function goneDown(): void {
    up = false;
    if (closedByUs.has(client)) return;
    log.warn({ connection: name, reason: lastError?.message ?? "connection closed" }, "redis can't be reached");
    lastError = null;
  }
}
