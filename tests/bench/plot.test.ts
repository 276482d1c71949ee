import { describe, expect, test } from "vitest";
import type { Curve } from "../../bench/benchmark.ts";
import { plotSvg } from "../../bench/plot.ts";

function curve(change: Partial<Curve> = {}): Curve {
  return {
    title: "Cost by segments",
    x: { label: "segments", unit: "", log: true },
    y: { label: "CPU per event", unit: "µs", log: false },
    series: [
      {
        name: "one",
        points: [
          [100, 2],
          [1000, 2.5],
          [10_000, 3],
        ],
      },
    ],
    ...change,
  };
}

/** The places of the points of each line, in the order of the series. */
function lines(svg: string): [number, number][][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map((match) =>
    (match[1] ?? "")
      .split(" ")
      .filter((pair) => pair !== "")
      .map((pair) => pair.split(",").map(Number) as [number, number]),
  );
}

function labels(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? "");
}

describe("a plot", () => {
  test("puts decades of a log axis at equal distances", () => {
    const [first = []] = lines(plotSvg([curve()]));
    const [a, b, c] = first.map(([x]) => x);
    expect((b ?? 0) - (a ?? 0)).toBeCloseTo((c ?? 0) - (b ?? 0), 0);
  });

  test("draws larger values higher up, on an axis that begins at 0", () => {
    const svg = plotSvg([curve()]);
    const [first = []] = lines(svg);
    const heights = first.map(([, y]) => y);
    expect(heights).toEqual([...heights].sort((a, b) => b - a));
    expect(labels(svg)).toContain("0");
  });

  test("names both axes with their units, and the ticks in short", () => {
    expect(labels(plotSvg([curve()]))).toEqual(
      expect.arrayContaining(["Cost by segments", "segments", "CPU per event (µs)", "100", "1k", "10k"]),
    );
  });

  test("has a legend only where there is more than one series", () => {
    const two = curve({
      series: [
        { name: "first kind", points: [[1, 1]] },
        { name: "second kind", points: [[10, 2]] },
      ],
    });
    expect(labels(plotSvg([two]))).toEqual(expect.arrayContaining(["first kind", "second kind"]));
    expect(labels(plotSvg([curve()]))).not.toContain("one");
  });

  test("leaves out what its axis can't show", () => {
    const points = [
      [0, 1],
      [10, Number.NaN],
      [100, 2],
      [1000, 3],
    ] as const;
    const svg = plotSvg([curve({ series: [{ name: "one", points }] })]);
    expect(lines(svg)[0]).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  test("keeps every point inside the picture, whatever the values", () => {
    for (const log of [true, false]) {
      const points = [
        [0.02, 0.0004],
        [3, 812],
        [9_900_000, 7],
      ] as const;
      const axes = { x: { label: "x", unit: "", log }, y: { label: "y", unit: "", log } };
      const svg = plotSvg([curve({ ...axes, series: [{ name: "one", points }] })]);
      const [width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).slice(1).map(Number);
      for (const [x, y] of lines(svg).flat()) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(height);
      }
    }
  });

  test("copes with one point, with equal values and with none", () => {
    for (const points of [
      [],
      [[5, 5]],
      [
        [5, 5],
        [5, 5],
      ],
      [[0, 0]],
    ] as const) {
      for (const log of [true, false]) {
        const svg = plotSvg([curve({ x: { label: "x", unit: "", log }, series: [{ name: "one", points }] })]);
        expect(svg).not.toMatch(/NaN|Infinity/);
      }
    }
  });

  test("escapes names", () => {
    const svg = plotSvg([curve({ title: `a < b & "c"` })]);
    expect(svg).toContain("a &lt; b &amp; &quot;c&quot;");
    expect(svg).not.toContain("a < b");
  });

  test("puts several curves beside each other, each within its own panel", () => {
    const svg = plotSvg([curve(), curve(), curve()]);
    expect(svg.match(/<g transform="translate/g)).toHaveLength(3);
    expect(svg).toContain("@media (prefers-color-scheme: dark)");
  });
});
