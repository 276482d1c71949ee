/** The hash of ids, as kernel/ids.ts has it. */

/** The two halves of the hash that `hash64` computed last. */
export let hashLo: u32 = 0;
export let hashHi: u32 = 0;

/** `hash64` of kernel/ids.ts for ASCII. */
export function hash64(from: usize, to: usize, seedLo: u32, seedHi: u32): void {
  let a: u32 = seedLo ^ 0x9e3779b9;
  let b: u32 = seedHi ^ 0x85ebca6b;
  for (let at = from; at < to; at++) {
    const unit = load<u8>(at) as u32;
    a = (a ^ unit) * 0x9e3779b1;
    b = (b ^ unit) * 0x85ebca77;
    a ^= a >> 15;
    b ^= b >> 13;
  }
  const length = (to - from) as u32;
  const lo = finished(a ^ length ^ (b * 0x2c1b3c6d));
  hashLo = lo;
  hashHi = finished(b ^ length ^ (lo * 0x297a2d39));
}

function finished(value: u32): u32 {
  let h = value;
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}
