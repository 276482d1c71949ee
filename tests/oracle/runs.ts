/** How many random cases a test tries, and with which seed: `ORACLE_RUNS` and `ORACLE_SEED` decide. */
import { randomInt } from "node:crypto";

/** Cases that are tried where the environment does not say how many. */
const DEFAULT_RUNS = 2_000;

export const RUNS = wholeNumber("ORACLE_RUNS") ?? DEFAULT_RUNS;
export const SEED = wholeNumber("ORACLE_SEED") ?? randomInt(2 ** 31);
/** Room for slow machines and for shrinking; nothing is expected to take that long. */
export const TIMEOUT_MS = 60_000 + RUNS * 1_000;

function wholeNumber(name: string): number | null {
  const text = process.env[name];
  if (text === undefined || text === "") return null;
  if (!/^-?\d+$/.test(text)) throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}
