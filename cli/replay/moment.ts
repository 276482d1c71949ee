/** Reads the timestamps of a line as a mapping describes them. Pure. */
import { daysInMonth, daysOf, DAY_MS } from "../../dsl/calendar.ts";
import { instantOf } from "../../dsl/dates.ts";
import { zoneOf, type Zone } from "../../dsl/timezone.ts";
import { MappingError, type TimestampSpec } from "./mapping.ts";
import { compileNumber, compileValue, scalarText, UnfitLine, type Compiler, type Line } from "./values.ts";

/** Milliseconds since 1970. Throws an `UnfitLine` where the line has no readable one. */
export type Moment = (line: Line) => number;

export function compileMoment(spec: TimestampSpec, compiler: Compiler, place: string): Moment {
  const zone = zoneOf(spec.timezone ?? "UTC");
  if (zone === null)
    throw new MappingError(`${place}.timezone`, `there is no time zone ${JSON.stringify(spec.timezone)}`);
  if (spec.unit !== undefined && spec.format !== undefined) {
    throw new MappingError(place, "is a number with a unit or a text with a format, not both");
  }
  const value = compileValue(spec.value, compiler);
  const plus = spec.plusSeconds === undefined ? null : compileNumber(spec.plusSeconds, compiler, "plusSeconds");
  const read = spec.unit === undefined ? textReader(spec.format ?? null, zone, place) : numberReader(spec.unit);
  return (line) => {
    const written = value(line);
    if (written === undefined) throw new UnfitLine("there is no timestamp");
    const moment = read(scalarText(written) ?? "");
    if (moment === null) throw new UnfitLine("the timestamp can't be read");
    return moment + Math.round((plus?.(line) ?? 0) * 1000);
  };
}

function numberReader(unit: "seconds" | "milliseconds"): (text: string) => number | null {
  const scale = unit === "seconds" ? 1000 : 1;
  return (text) => {
    const moment = text.trim() === "" ? Number.NaN : Math.round(Number(text) * scale);
    return Number.isSafeInteger(moment) ? moment : null;
  };
}

type Part = "year" | "month" | "day" | "hour" | "minute" | "second" | "fraction";

/** Longest first, so that `MM` is not read as two times `M`. */
const TOKENS: readonly (readonly [token: string, pattern: string, part: Part])[] = [
  ["YYYY", "(\\d{4})", "year"],
  ["SSS", "(\\d{3})", "fraction"],
  ["MM", "(\\d{2})", "month"],
  ["DD", "(\\d{2})", "day"],
  ["HH", "(\\d{2})", "hour"],
  ["mm", "(\\d{2})", "minute"],
  ["ss", "(\\d{2})", "second"],
  ["M", "(\\d{1,2})", "month"],
  ["D", "(\\d{1,2})", "day"],
  ["H", "(\\d{1,2})", "hour"],
  ["m", "(\\d{1,2})", "minute"],
  ["s", "(\\d{1,2})", "second"],
];

function textReader(format: string | null, zone: Zone, place: string): (text: string) => number | null {
  if (format === null) return (text) => instantOf(text.trim(), zone);
  const { pattern, parts } = readFormat(format);
  for (const needed of ["year", "month", "day"] as const) {
    if (!parts.includes(needed)) throw new MappingError(`${place}.format`, `has no ${needed}`);
  }
  return (text) => {
    const match = pattern.exec(text.trim());
    if (match === null) return null;
    const at = (part: Part, otherwise: number): number => {
      const found = match[parts.indexOf(part) + 1];
      return parts.includes(part) && found !== undefined ? Number(found) : otherwise;
    };
    const [year, month, day] = [at("year", 0), at("month", 0), at("day", 0)];
    const [hour, minute, second] = [at("hour", 0), at("minute", 0), at("second", 0)];
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
    if (hour > 23 || minute > 59 || second > 59) return null;
    const time = hour * 3_600_000 + minute * 60_000 + second * 1000 + at("fraction", 0);
    return zone.instantOf(daysOf(year, month, day) * DAY_MS + time);
  };
}

function readFormat(format: string): { pattern: RegExp; parts: Part[] } {
  const parts: Part[] = [];
  let source = "";
  for (let at = 0; at < format.length;) {
    const found = TOKENS.find(([token]) => format.startsWith(token, at));
    if (found === undefined) {
      source += format.charAt(at).replace(/[.*+?^${}()|[\]\\]/, "\\$&");
      at += 1;
    } else {
      source += found[1];
      parts.push(found[2]);
      at += found[0].length;
    }
  }
  return { pattern: new RegExp(`^${source}$`), parts };
}
