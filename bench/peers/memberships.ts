/**
 * Who is in what, for contenders that find it rule by rule: a row of bits for each contact. A set for each rule takes
 * several times as long to note a match in as the fastest of them take to find it.
 */
import type { Members } from "./rules.ts";

export interface Memberships {
  add(rule: number, contact: number): void;
  members(): Members;
}

const WORD_BITS = 32;

export function createMemberships(rules: number): Memberships {
  const words = Math.ceil(rules / WORD_BITS);
  let bits = new Int32Array(words * 1024);
  return {
    add(rule, contact) {
      const at = contact * words + (rule >>> 5);
      if (at >= bits.length) {
        const larger = new Int32Array(Math.max(bits.length * 2, at + words));
        larger.set(bits);
        bits = larger;
      }
      bits[at] = (bits[at] as number) | (1 << rule);
    },
    members() {
      const members = Array.from({ length: rules }, (): number[] => []);
      for (let contact = 0; contact * words < bits.length; contact++) {
        members.forEach((list, rule) => {
          if (((bits[contact * words + (rule >>> 5)] as number) & (1 << rule)) !== 0) list.push(contact);
        });
      }
      return members;
    },
  };
}
