/**
 * The worker threads of a processor: each runs one long task (processor/worker.ts). One that ends unexpectedly is
 * started again; one that shows no sign of life for long is ended first.
 */
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import type { Log } from "../kernel/log.ts";
import type { FromWorker, ToWorker, WorkerTask } from "./messages.ts";
import type { TelemetryReport } from "./telemetry.ts";

export interface CrewOptions {
  readonly threads: number;
  readonly task: Omit<WorkerTask, "port" | "worker">;
  readonly log: Log;
  /** A worker that says nothing for this long, once it has begun to work, is ended and replaced, ms. */
  readonly silenceMs: number;
  readonly onMessage: (worker: number, message: FromWorker) => void;
  /** Whatever the worker was working on is in nobody's hands now. */
  readonly onLost: (worker: number) => void;
}

export interface Crew {
  /** Resolves when every worker has shown a first sign of life; rejects when one fails before that. */
  readonly started: Promise<unknown>;
  /** Whether the worker runs and has shown a sign of life: what is sent to it arrives. */
  present(worker: number): boolean;
  send(worker: number, message: ToWorker): void;
  /** Milliseconds since the worker's last message. */
  silence(worker: number): number;
  /** Asks all to end and waits for it, at most `timeoutMs`; then ends them. */
  stop(timeoutMs: number): Promise<void>;
}

/** How long the first sign of life may take, for which a machine that is busy has to load a program. */
const BEGIN_MS_MAX = 60_000;
const RESTART_PAUSE_MS = 100;
const RESTART_PAUSE_MS_MAX = 10_000;
/** A worker that lasted this long is not in a loop of crashes. */
const STEADY_MS = 60_000;

interface Seat {
  port: MessagePort | null;
  present: boolean;
  lastSign: number;
  abort: AbortController;
  done: Promise<void>;
}

export function createCrew(options: CrewOptions): Crew {
  const typescript = import.meta.url.endsWith(".ts");
  const pool = new Piscina({
    filename: fileURLToPath(new URL(typescript ? "./worker.ts" : "./worker.js", import.meta.url)),
    name: "work",
    execArgv: typescript ? ["--import", "tsx"] : [],
    minThreads: options.threads,
    maxThreads: options.threads,
    concurrentTasksPerWorker: 1,
    // The default makes a worker wait for its next task without its event loop: timers and sockets would freeze.
    atomics: "disabled",
  });
  let stopping = false;
  const starting: Promise<void>[] = [];
  const seats: Seat[] = Array.from({ length: options.threads }, (_, worker) => {
    const seat: Seat = {
      port: null,
      present: false,
      lastSign: performance.now(),
      abort: new AbortController(),
      done: Promise.resolve(),
    };
    starting.push(
      new Promise((resolve, reject) => {
        seat.done = keepSeat(seat, worker, resolve, reject);
      }),
    );
    return seat;
  });
  const started = Promise.all(starting);
  started.catch(() => {});

  const watch = setInterval(() => {
    for (const [worker, seat] of seats.entries()) {
      const patience = seat.present ? options.silenceMs : Math.max(options.silenceMs, BEGIN_MS_MAX);
      if (seat.port === null || performance.now() - seat.lastSign < patience) continue;
      options.log.error({ worker }, "a worker shows no sign of life and is ended");
      seat.lastSign = performance.now();
      seat.abort.abort();
    }
  }, options.silenceMs / 4);
  watch.unref();

  async function keepSeat(
    seat: Seat,
    worker: number,
    onStart: () => void,
    onFailure: (error: unknown) => void,
  ): Promise<void> {
    let pause = RESTART_PAUSE_MS;
    while (!stopping) {
      const begun = performance.now();
      try {
        await runTask(seat, worker, onStart);
      } catch (error) {
        onFailure(error);
        if (!stopping) options.log.error({ worker, err: error }, "a worker ended unexpectedly");
      }
      if (stopping) return;
      options.onLost(worker);
      pause = performance.now() - begun > STEADY_MS ? RESTART_PAUSE_MS : Math.min(pause * 2, RESTART_PAUSE_MS_MAX);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async function runTask(seat: Seat, worker: number, onStart: () => void): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    seat.abort = new AbortController();
    seat.lastSign = performance.now();
    seat.port = port1;
    port1.on("message", (message: FromWorker) => {
      seat.lastSign = performance.now();
      seat.present = true;
      onStart();
      options.onMessage(worker, message);
    });
    const task: WorkerTask = { ...options.task, port: port2, worker };
    try {
      const report = (await pool.run(task, { transferList: [port2], signal: seat.abort.signal })) as TelemetryReport;
      options.onMessage(worker, { kind: "alive", report, partitions: [] });
    } finally {
      seat.port = null;
      seat.present = false;
      port1.close();
    }
  }

  return {
    started,
    present: (worker) => seats[worker]?.present ?? false,
    send(worker, message) {
      seats[worker]?.port?.postMessage(message);
    },
    silence: (worker) => performance.now() - (seats[worker]?.lastSign ?? 0),
    async stop(timeoutMs) {
      stopping = true;
      clearInterval(watch);
      for (const { port } of seats) port?.postMessage({ kind: "stop" } satisfies ToWorker);
      const timer = setTimeout(() => {
        for (const { abort } of seats) abort.abort();
      }, timeoutMs);
      await Promise.all(seats.map(({ done }) => done));
      clearTimeout(timer);
      await pool.destroy();
    },
  };
}
