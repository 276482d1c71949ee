/**
 * Ids of contacts: a contact is named by its userId, or, while it has none, by `~` and its anonymousId. The two
 * namespaces never meet, since a userId that begins with `~` is refused.
 */

export const ANONYMOUS_PREFIX = "~";

/** The id of the contact that a call is about. A call that carries both ids is its user's. */
export function contactIdOf(userId: string | null, anonymousId: string | null): string {
  if (userId !== null) return userId;
  return ANONYMOUS_PREFIX + (anonymousId ?? "");
}

export function isAnonymous(contactId: string): boolean {
  return contactId.startsWith(ANONYMOUS_PREFIX);
}

/** The two halves of the hash that `hash64` computed last; unsigned 32-bit integers. Read them at once. */
export const hash = { lo: 0, hi: 0 };

/**
 * A 64-bit hash of a string's UTF-16 units, left in `hash`. Two multiply-and-xor lanes with MurmurHash3's 32-bit
 * finaliser (Austin Appleby, public domain), crossed at the end. Not meant to resist an adversary: whoever finds a
 * contact by it compares the id as well. The value is stored, so the function never changes.
 */
export function hash64(text: string, seedLo = 0, seedHi = 0): void {
  let a = (seedLo ^ 0x9e3779b9) | 0;
  let b = (seedHi ^ 0x85ebca6b) | 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x85ebca77);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  cross(a, b, text.length);
}

/** `hash64` of a text that lies as ASCII in a buffer; false, and no hash, when a byte of it is none. */
export function hash64Ascii(bytes: Uint8Array, from: number, to: number): boolean {
  let a = 0x9e3779b9 | 0;
  let b = 0x85ebca6b | 0;
  for (let i = from; i < to; i++) {
    const unit = bytes[i] ?? 0;
    if (unit >= 0x80) return false;
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x85ebca77);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  cross(a, b, to - from);
  return true;
}

function cross(a: number, b: number, length: number): void {
  const lo = finish(a ^ length ^ Math.imul(b, 0x2c1b3c6d));
  hash.lo = lo >>> 0;
  hash.hi = finish(b ^ length ^ Math.imul(lo, 0x297a2d39)) >>> 0;
}

function finish(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The partition of a contact, from the low half of its id's hash. */
export function partitionOfHash(lo: number, partitions: number): number {
  return lo % partitions;
}

export function partitionOf(contactId: string, partitions: number): number {
  hash64(contactId);
  return partitionOfHash(hash.lo, partitions);
}
