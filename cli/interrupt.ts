/** Ctrl-C and SIGTERM for commands that have something to finish before they end. */
import { EXIT } from "./exit-codes.ts";

/** npm hands Ctrl-C on to a process that has had it from the terminal already: this is no second wish. */
const SECOND_SIGNAL_MS = 500;

/** The first signal asks `run` to end, a second one doesn't wait. */
export async function interruptible(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const asked = new AbortController();
  let askedAt = 0;
  const onSignal = (): void => {
    if (!asked.signal.aborted) {
      askedAt = performance.now();
      asked.abort();
    } else if (performance.now() - askedAt > SECOND_SIGNAL_MS) {
      process.exit(EXIT.interrupted);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await run(asked.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
