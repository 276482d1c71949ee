/** Instants of calls: when they happened, by their own account and by the clocks of whoever sent and received them. */
import { LARGE_T, LARGE_Z, MINUS, POINT, QUOTE, SMALL_N, COLON, ZERO } from "./layout";
import { afterNull, afterNumber, endOfText, numberRead } from "./json";
import { instantOf, odd } from "./outside";

const DAY_MS: f64 = 86_400_000;
/** `YYYY-MM-DDTHH:MM:SS.mmmZ`, as nearly all clients write it. */
const USUAL_BYTES: usize = 24;

/** The instant that `afterInstant` has read, ms since 1970; NaN for null. */
export let instantRead: f64 = NaN;

/** Reads an instant or null. */
export function afterInstant(from: usize): usize {
  const byte = load<u8>(from);
  if (byte === QUOTE) {
    const to = endOfText(from + 1);
    let instant: f64 = NaN;
    if (to - from - 1 === USUAL_BYTES) instant = usualInstant(from + 1);
    instantRead = isNaN(instant) ? instantOf(from + 1, to) : instant;
    return to + 1;
  }
  if (byte === SMALL_N) {
    instantRead = NaN;
    return afterNull(from);
  }
  const to = afterNumber(from);
  instantRead = floor(numberRead);
  return to;
}

/** The months of 31 days, each a bit. */
const LONG_MONTHS: u32 = (1 << 1) | (1 << 3) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 10) | (1 << 12);

/** NaN where the text is something else, a leap day, or a day that no calendar has. */
function usualInstant(at: usize): f64 {
  const signs =
    (load<u8>(at, 4) === MINUS) &
    (load<u8>(at, 7) === MINUS) &
    (load<u8>(at, 10) === LARGE_T) &
    (load<u8>(at, 13) === COLON) &
    (load<u8>(at, 16) === COLON) &
    (load<u8>(at, 19) === POINT) &
    (load<u8>(at, 23) === LARGE_Z);
  const year = two(at) * 100 + two(at + 2);
  const month = two(at + 5);
  const day = two(at + 8);
  const hour = two(at + 11);
  const minute = two(at + 14);
  const second = two(at + 17);
  const ms = two(at + 20) * 10 + (load<u8>(at, 22) as u32) - ZERO;
  // A place without a digit makes its number too large for any of these.
  const isGood =
    signs &&
    year <= 9999 &&
    month - 1 < 12 &&
    day >= 1 &&
    (day <= 28 || (month !== 2 && day <= 30) || (day === 31 && ((LONG_MONTHS >> month) & 1) !== 0)) &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    ms <= 999 &&
    ((load<u8>(at, 22) - ZERO) as u8) < 10;
  if (!isGood) return NaN;
  return ((daysSince1970(year, month, day) as f64) * DAY_MS +
    (((hour * 60 + minute) * 60 + second) * 1000 + ms)) as f64;
}

/** The number that two digits make; 10,000 or more where one of them is none. */
function two(at: usize): u32 {
  const tens = (load<u8>(at) as u32) - ZERO;
  const ones = (load<u8>(at, 1) as u32) - ZERO;
  return tens < 10 && ones < 10 ? tens * 10 + ones : 10_000;
}

/** Days of the proleptic Gregorian calendar. Years begin in March here, so that the leap day is the last of one. */
function daysSince1970(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1;
  const leapDays = floorBy(y, 4) - floorBy(y, 100) + floorBy(y, 400);
  // From 1 March of year 0 to 1 January 1970.
  return y * 365 + leapDays + dayOfYear - 719_468;
}

/** The year 0 has a January that belongs to the year before. */
function floorBy(value: i32, by: i32): i32 {
  return value < 0 ? -1 : value / by;
}

/**
 * What `readTimestamp` of ingest/fields.ts gives: with the wall clock the client's clock error (receipt minus `sentAt`) is
 * added first, and a future instant becomes the receipt.
 */
export function timestampOf(given: f64, sentAt: f64, receivedAt: f64, isWall: bool, futureMax: f64): f64 {
  if (isNaN(given)) return receivedAt;
  const timestamp = isWall && !isNaN(sentAt) ? given + (receivedAt - sentAt) : given;
  if (timestamp < 0 || timestamp > receivedAt + futureMax) odd();
  return isWall && timestamp > receivedAt ? receivedAt : timestamp;
}
