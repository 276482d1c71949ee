/** Reading of moments: ISO 8601 texts, numbers of milliseconds, and the dates that a model writes. */
import type { DateLiteral } from "../../dsl/ast.ts";
import type { Json } from "../../kernel/event.ts";
import { type Calendar, utc } from "./calendar.ts";

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** Milliseconds since 1970, null for what is no date. Fractions are cut to milliseconds. */
export function parseMoment(text: string, calendar: Calendar): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const number = (group: number): number => Number(match[group] ?? "0");
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hour, minute, second] = [number(4), number(5), number(6)];
  const lastDay = new Date(utc(year, month + 1, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > lastDay) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const ms = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const local = utc(year, month, day, hour, minute, second, ms);
  const zone = match[8];
  if (zone === undefined) return calendar.instantOf(local);
  if (zone === "Z") return local;
  const [zoneHours, zoneMinutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (zoneHours > 23 || zoneMinutes > 59) return null;
  const offset = (zoneHours * 60 + zoneMinutes) * 60_000;
  return zone.startsWith("-") ? local + offset : local - offset;
}

/** What a trait or property says where a moment is wanted; null where it says none. */
export function readMoment(value: Json, calendar: Calendar): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseMoment(value, calendar) : null;
}

/** Where a date of the model begins: its instant, or the midnight of a bare date. */
export function startOf(date: DateLiteral, calendar: Calendar): number {
  const start = parseMoment(date.text, calendar);
  if (start === null) throw new Error(`not a date: ${date.text}`);
  return start;
}

/** Where the day of a bare date has passed: the midnight after it. */
export function endOfDay(date: DateLiteral, calendar: Calendar): number {
  const day = calendar.dayAt(startOf(date, calendar));
  return calendar.startOf({ ...day, day: day.day + 1 });
}
