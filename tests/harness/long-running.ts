/**
 * A reporter for the test runner that names the files which have run for long. A test that never gives its thread back
 * can't be ended by its own time limit; without this a run that stands still would not say where.
 */
import type { Reporter, TestModule } from "vitest/node";

const LONG_MS = 5 * 60_000;

export class LongRunning implements Reporter {
  readonly #begun = new Map<string, number>();
  readonly #timer = setInterval(() => this.#tell(), LONG_MS).unref();

  onTestModuleStart(module: TestModule): void {
    this.#begun.set(module.relativeModuleId, performance.now());
  }

  onTestModuleEnd(module: TestModule): void {
    this.#begun.delete(module.relativeModuleId);
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    for (const [file, begun] of this.#begun) {
      const minutes = Math.floor((performance.now() - begun) / 60_000);
      if (minutes * 60_000 >= LONG_MS) console.log(`${file} has run for ${minutes} min`);
    }
  }
}
