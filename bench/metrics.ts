/** What a server counts about itself, read from its /metrics. */

/** Sums over all labels, by the metric's name. */
export async function readMetrics(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sums = new Map<string, number>();
  for (const line of text.split("\n")) {
    const found = /^(\w+)(?:\{[^}]*\})? (\S+)/.exec(line);
    if (found === null) continue;
    const [, name = "", value] = found;
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

/** By how much a metric has grown between two readings. */
export function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, name: string): number {
  return (after.get(name) ?? 0) - (before.get(name) ?? 0);
}
