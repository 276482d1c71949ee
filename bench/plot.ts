/**
 * Plots of lines as SVG, without any package: a few panels side by side, axes with their units, a legend. Colours
 * follow the reader's light or dark scheme, and every series has a mark of its own besides its colour.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Axis, Curve } from "./benchmark.ts";

const RESULTS = path.join(import.meta.dirname, "results");

const PANEL = { width: 470, height: 300 } as const;
/** Room around the axes of a panel. */
const MARGIN = { left: 62, right: 18, top: 34, bottom: 48 } as const;
const COLUMNS = 2;
const LEGEND_LINE = 15;

/** Colours that stay apart for the colour-blind too (Okabe and Ito, "Color Universal Design", 2008). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

const STYLE = `
  .ground { fill: #ffffff; } text { fill: #1f2328; font: 12px system-ui, sans-serif; }
  .title { font-weight: 600; } .tick { font-size: 11px; } .grid { stroke: #d8dee4; } .axis { stroke: #656d76; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #30363d; } .axis { stroke: #8b949e; }
  }`;

/** Writes `bench/results/NAME.svg` and gives its path. */
export async function savePlots(name: string, curves: readonly Curve[]): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const file = path.join(RESULTS, `${name}.svg`);
  await writeFile(file, plotSvg(curves));
  return path.relative(process.cwd(), file);
}

/** All curves in one picture, two beside each other. Points that an axis can't show (log of 0) are left out. */
export function plotSvg(curves: readonly Curve[]): string {
  const columns = Math.max(1, Math.min(COLUMNS, curves.length));
  const width = columns * PANEL.width;
  const height = Math.max(1, Math.ceil(curves.length / COLUMNS)) * PANEL.height;
  const panels = curves.map((curve, i) => {
    const [x, y] = [(i % COLUMNS) * PANEL.width, Math.floor(i / COLUMNS) * PANEL.height];
    return `<g transform="translate(${x} ${y})">\n${panel(curve)}\n</g>`;
  });
  const label = escape(curves.map(({ title }) => title).join("; "));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    `  role="img" aria-label="${label}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

/** A place on the picture for a value of an axis; `at` is in points from the panel's upper left corner. */
interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

function panel(curve: Curve): string {
  const visible = curve.series.map(({ name, points }) => ({
    name,
    points: points.filter(([x, y]) => canShow(curve.x, x) && canShow(curve.y, y)),
  }));
  const points = visible.flatMap((series) => series.points);
  const right = PANEL.width - MARGIN.right;
  const bottom = PANEL.height - MARGIN.bottom;
  const x = scaleOf(
    curve.x,
    points.map(([value]) => value),
    MARGIN.left,
    right,
    false,
  );
  const y = scaleOf(
    curve.y,
    points.map(([, value]) => value),
    bottom,
    MARGIN.top + legendHeight(visible.length),
    true,
  );
  const middle = (MARGIN.left + right) / 2;
  return [
    text(middle, 20, curve.title, `class="title" text-anchor="middle"`),
    ...x.ticks.flatMap((tick) => [
      line(x.at(tick), MARGIN.top, x.at(tick), bottom, "grid"),
      text(x.at(tick), bottom + 15, shortNumber(tick), `class="tick" text-anchor="middle"`),
    ]),
    ...y.ticks.flatMap((tick) => [
      line(MARGIN.left, y.at(tick), right, y.at(tick), "grid"),
      text(MARGIN.left - 6, y.at(tick) + 4, shortNumber(tick), `class="tick" text-anchor="end"`),
    ]),
    line(MARGIN.left, MARGIN.top, MARGIN.left, bottom, "axis"),
    line(MARGIN.left, bottom, right, bottom, "axis"),
    text(middle, PANEL.height - 12, axisTitle(curve.x), `text-anchor="middle"`),
    text(
      0,
      0,
      axisTitle(curve.y),
      `text-anchor="middle" transform="translate(15 ${(MARGIN.top + bottom) / 2}) rotate(-90)"`,
    ),
    ...visible.map((series, i) => drawn(series.points, x, y, i)),
    ...(visible.length > 1 ? visible.map(({ name }, i) => legendEntry(name, i)) : []),
  ].join("\n");
}

function canShow(axis: Axis, value: number): boolean {
  return Number.isFinite(value) && (!axis.log || value > 0);
}

function legendHeight(series: number): number {
  return series > 1 ? series * LEGEND_LINE + 4 : 0;
}

/** `rounded` extends a linear axis from 0 to the tick above the largest value. */
function scaleOf(axis: Axis, values: readonly number[], from: number, to: number, rounded: boolean): Scale {
  const [low, high] = values.length === 0 ? [1, 10] : [Math.min(...values), Math.max(...values)];
  if (axis.log) {
    const ticks = logTicks(low, high);
    const [first, last] = [Math.min(low, ticks[0] ?? low), Math.max(high, ticks.at(-1) ?? high)];
    const span = Math.log(last / first) || 1;
    return { ticks, at: (value) => place(from + ((to - from) * Math.log(value / first)) / span) };
  }
  const ticks = linearTicks(rounded ? Math.min(0, low) : low, high);
  const [first, last] = [Math.min(low, ticks[0] ?? low), Math.max(high, ticks.at(-1) ?? high)];
  const span = last - first || 1;
  return { ticks, at: (value) => place(from + ((to - from) * (value - first)) / span) };
}

/** Powers of ten; with less than two of them in between, also their doubles and fives. */
function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const factors = decades < 2 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  const first = ticks.findLastIndex((tick) => tick <= low);
  const last = ticks.findIndex((tick) => tick >= high);
  return ticks.slice(Math.max(0, first), last < 0 ? ticks.length : last + 1);
}

/** Some five round numbers that cover the range. */
function linearTicks(low: number, high: number): number[] {
  const raw = (high - low || Math.abs(high) || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = Math.floor(low / step); (i - 1) * step < high; i++) ticks.push(Number((i * step).toPrecision(6)));
  return ticks;
}

function drawn(points: readonly (readonly [number, number])[], x: Scale, y: Scale, series: number): string {
  const colour = COLOURS[series % COLOURS.length] ?? "";
  const places = points.map(([a, b]) => [x.at(a), y.at(b)] as const);
  const way = places.map(([a, b]) => `${a},${b}`).join(" ");
  return [
    `<polyline points="${way}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map(([a, b]) => mark(a, b, series)),
  ].join("\n");
}

function mark(x: number, y: number, series: number): string {
  const colour = COLOURS[series % COLOURS.length] ?? "";
  const shapes = ["M-3,-3H3V3H-3Z", "M0,-4L4,3H-4Z", "M0,-4.5L4.5,0L0,4.5L-4.5,0Z", "M-4,-3H4L0,4Z"];
  if (series === 0) return `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`;
  return `<path transform="translate(${x} ${y})" d="${shapes[(series - 1) % shapes.length] ?? ""}" fill="${colour}"/>`;
}

function legendEntry(name: string, series: number): string {
  const y = MARGIN.top + 8 + series * LEGEND_LINE;
  const colour = COLOURS[series % COLOURS.length] ?? "";
  const x = MARGIN.left + 12;
  return [
    `<line x1="${x}" y1="${y}" x2="${x + 22}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
    mark(x + 11, y, series),
    text(x + 29, y + 4, name, `class="tick"`),
  ].join("\n");
}

function axisTitle({ label, unit }: Axis): string {
  return unit === "" ? label : `${label} (${unit})`;
}

/** 1,500 as 1.5k, 10,000,000 as 10M. */
function shortNumber(value: number): string {
  const units = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  for (const [size, letter] of units) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(3)));
}

function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line class="${style}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;
}

function place(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
