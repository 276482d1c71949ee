/** A fixed number in [0, 100) for each contact and salt: control groups that need no memory. */
import { hash } from "node:crypto";

/** LANGUAGE.md, Other facts: the first four bytes of SHA-256 of `salt:contactId`, big-endian, / 2^32 * 100. */
export function percentOf(salt: string, contactId: string): number {
  const digest = hash("sha256", `${salt}:${contactId}`, "buffer");
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}
