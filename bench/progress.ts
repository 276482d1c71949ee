/** Where a run is: each line with the time since its benchmark began, and at the end what every one of them took. */

export interface Progress {
  begin(name: string, about: string): void;
  /** A line of the benchmark that runs. */
  log(line: string): void;
  /** The benchmark that runs is over. */
  end(): void;
  /** All of them are. */
  finish(): void;
}

/**
 * @param count how many benchmarks there are to run
 * @param now a monotonic time in ms
 */
export function createProgress(count: number, now: () => number, print: (line: string) => void): Progress {
  const begun = now();
  const took: { readonly name: string; readonly ms: number }[] = [];
  let current: { readonly name: string; readonly at: number } = { name: "", at: begun };
  return {
    begin(name, about) {
      current = { name, at: now() };
      const place = count > 1 ? ` (${took.length + 1} of ${count}, after ${duration(current.at - begun)})` : "";
      print(`\n${name}${place}: ${about}`);
    },
    log(line) {
      print(`${duration(now() - current.at).padStart(7)} ${line}`);
    },
    end() {
      const ms = now() - current.at;
      took.push({ name: current.name, ms });
      print(`  ${current.name} took ${duration(ms)}`);
    },
    finish() {
      if (count < 2) return;
      print("");
      for (const { name, ms } of took) print(`  ${name.padEnd(12)} ${duration(ms).padStart(7)}`);
      print(`  ${"all".padEnd(12)} ${duration(now() - begun).padStart(7)}`);
    },
  };
}

/** `7 s`, `2m 05s`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, "0")}s`;
}
