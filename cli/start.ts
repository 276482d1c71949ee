/** `sluice start`: reads the configuration, runs a server until it is told to stop, and tells people what it does. */
import closeWithGrace from "close-with-grace";
import { ConfigError, readConfig, type Config, type Role } from "../kernel/config.ts";
import { letHeapsGrow } from "../kernel/heap-growth.ts";
import { createLog, type Log } from "../kernel/log.ts";
import { letHelpersGiveWay } from "../kernel/thread-priority.ts";
import { DataDirInUse } from "./data-dir-lock.ts";
import { ModelFileError } from "./initial-model.ts";
import { writeJson } from "./output.ts";
import { EXAMPLE_MODEL, VERSION } from "./package.ts";
import { NoRedisProgram } from "./private-redis/program.ts";
import { startServer, StartError, type RunningServer } from "./server.ts";
import { shownPath } from "./shown-path.ts";
import { StoreMismatch } from "./store-meta.ts";
import { tryIt } from "./try-it.ts";

export interface StartOptions {
  readonly roles: readonly Role[];
  /** Loads the example model where MODEL names none and the store is empty. */
  readonly example: boolean;
  /** Says in one line of JSON when it is ready. */
  readonly json: boolean;
}

/** Longer than everything that ending may wait for, the private Redis included. */
const DRAIN_MS_MAX = 90_000;
const SERVING_PATIENCE_MS = 30_000;
/** npm hands Ctrl-C on to a server that has had it from the terminal already: this is no second wish. */
const SECOND_SIGNAL_MS = 2_000;

/** Resolves with an exit code when the start fails; else never, the process ends with the server. */
export async function start({ roles, example, json }: StartOptions): Promise<number> {
  let config: Config;
  try {
    config = readConfig(process.env, roles);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nsluice start --help lists all variables.\n`);
    return 2;
  }
  if (example && config.modelFile === null) config = { ...config, modelFile: EXAMPLE_MODEL };
  const log = createLog(config.logLevel);
  letHelpersGiveWay();
  letHeapsGrow();

  const starting = startServer(config, roles, log);
  stopOnSignals(starting, log);
  let server: RunningServer;
  try {
    server = await starting;
  } catch (error) {
    if (!isForPeople(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof StoreMismatch ? 2 : 1;
  }
  const serving = await server.whenServing(SERVING_PATIENCE_MS);
  if (serving === "stopped") return new Promise(() => {});
  if (json) writeJson(process.stdout, readiness(server, roles, serving === "serving"));
  else process.stdout.write(`${greeting(server, config, roles, serving === "serving")}\n`);
  return new Promise(() => {});
}

function isForPeople(error: unknown): error is Error {
  const kinds = [StartError, StoreMismatch, ModelFileError, DataDirInUse, NoRedisProgram];
  return kinds.some((kind) => error instanceof kind);
}

function stopOnSignals(starting: Promise<RunningServer>, log: Log): void {
  const { close } = closeWithGrace(
    {
      delay: DRAIN_MS_MAX,
      // The signals are handled below; a start that failed ends by itself, with its exit code.
      skip: ["SIGINT", "SIGTERM", "beforeExit"],
      logger: { error: (...what: unknown[]) => log.error({ what }, "closing in spite of an error") },
    },
    async ({ err }) => {
      if (err !== undefined) log.fatal({ err }, "an error that nothing expected, stopping");
      const server = await starting.catch(() => null);
      await server?.stop();
      if (server !== null) log.info("stopped");
    },
  );
  let signalledAt: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signalledAt === null) {
      signalledAt = performance.now();
      log.info({ signal }, "stopping: no new requests, what was accepted is finished");
      close();
    } else if (performance.now() - signalledAt > SECOND_SIGNAL_MS) {
      log.warn({ signal }, "a second signal, ending at once");
      process.exit(1);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

function readiness({ url, store, model }: RunningServer, roles: readonly Role[], serving: boolean): unknown {
  const { partitions, clockMode } = store;
  return { ready: serving, url, version: VERSION, roles, partitions, clock: clockMode, model: model.version };
}

function greeting(server: RunningServer, config: Config, roles: readonly Role[], serving: boolean): string {
  const { url, store, model, privateRedis } = server;
  const files = model.segments.length === 1 ? "1 segment" : `${model.segments.length} segments`;
  const rows = [
    ["roles", roles.join(", ")],
    ["store", storeRow(config, privateRedis)],
    ["data", `${store.partitions} partitions, clock ${store.clockMode}`],
    [
      "model",
      model.version === 0 ? "none yet: PUT /v1/model" : `version ${model.version}, ${files}${fromFile(config)}`,
    ],
  ];
  const lines = [
    "",
    `Sluice ${VERSION} ${serving ? "is ready" : "listens, its views are still loading"}: ${url}`,
    ...rows.map(([name, value]) => `  ${(name ?? "").padEnd(6)} ${value ?? ""}`),
    "",
    "Try:",
    ...tryIt({
      url,
      roles,
      writeKeys: config.writeKeys.length > 0,
      apiKeys: config.apiKeys.length > 0,
      trial: server.trial,
    }).map((line) => `  ${line}`),
    "",
    "Ctrl-C stops it.",
    "",
  ];
  return lines.join("\n");
}

function storeRow(config: Config, privateRedis: RunningServer["privateRedis"]): string {
  if (privateRedis === null) return "Redis of REDIS_URL";
  const { port } = new URL(privateRedis.url);
  return `private redis-server on port ${port}, files in ${shownPath(config.dataDir)}${privateRedis.takenOver ? " (taken over)" : ""}`;
}

function fromFile({ modelFile }: Config): string {
  return modelFile === null ? "" : ` (an empty store loads ${shownPath(modelFile)})`;
}
