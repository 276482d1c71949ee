/** Which random choices a run makes: `PROCESSES_SEED` repeats those of an earlier one. */
import { randomInt } from "node:crypto";

const given = process.env["PROCESSES_SEED"] ?? "";
if (!/^\d*$/.test(given)) throw new Error(`PROCESSES_SEED must be a whole number, not ${JSON.stringify(given)}`);

export const SEED = given === "" ? randomInt(2 ** 31) : Number(given);
