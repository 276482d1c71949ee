/**
 * One side of a comparison in a process of its own, so that neither its heap nor its compiled code is another side's.
 * It works only when asked, so that several of them can take turns.
 */
import { fork } from "node:child_process";

export interface Forked<Question, Answer> {
  ask(question: Question): Promise<Answer>;
  stop(): void;
}

export interface ForkedOptions {
  /** What the process finds in `configOf`: anything that JSON can say. */
  readonly config: unknown;
  /** Largest heap, MiB; Node's own default without it. */
  readonly heapMb?: number;
}

interface Failure {
  readonly failed: string;
}

export function startForked<Question, Answer>(
  file: string,
  { config, heapMb }: ForkedOptions,
): Forked<Question, Answer> {
  const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
  const child = fork(file, [JSON.stringify(config)], {
    execArgv: ["--import", "tsx", "--expose-gc", ...heap],
    serialization: "advanced",
  });
  let over: number | string | null = null;
  child.once("exit", (code, signal) => (over = code ?? signal ?? "no reason"));
  return {
    ask(question) {
      return new Promise((resolve, reject) => {
        if (over !== null) {
          reject(new Error(`the measuring process has ended with ${over}`));
          return;
        }
        const ended = (code: number | null): void => {
          child.off("message", answered);
          reject(new Error(`the measuring process ended with ${code ?? "a signal"}`));
        };
        const answered = (answer: unknown): void => {
          child.off("exit", ended);
          if (isFailure(answer)) reject(new Error(answer.failed));
          else resolve(answer as Answer);
        };
        child.once("exit", ended);
        child.once("message", answered);
        // A process that is gone says so by its exit.
        child.send({ question }, () => undefined);
      });
    },
    stop: () => child.kill(),
  };
}

/** In the child: what `startForked` was given. */
export function configOf(): unknown {
  return JSON.parse(process.argv[2] ?? "null");
}

/** In the child: answers one question after the other until the parent ends. */
export function answerQuestions(answer: (question: unknown) => unknown): void {
  process.once("disconnect", () => process.exit());
  process.on("message", (message: { readonly question: unknown }) => {
    Promise.resolve(message.question)
      .then(answer)
      .then(
        (said) => process.send?.(said),
        (error: unknown) => process.send?.({ failed: error instanceof Error ? (error.stack ?? "") : String(error) }),
      );
  });
}

/** In the child: clears what was made so far, so that its collection is not measured with what follows. */
export function collectGarbage(kind: "major" | "minor"): void {
  globalThis.gc?.({ type: kind, execution: "sync" });
}

function isFailure(answer: unknown): answer is Failure {
  return typeof answer === "object" && answer !== null && "failed" in answer;
}
