/** A contact's slot: its page's number and, in the low bits, its place there. */
import { LIMITS } from "../../kernel/limits.ts";

export const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
export const PLACE_MASK = LIMITS.page_contacts - 1;

export function pageOf(slot: number): number {
  return slot >>> PAGE_SHIFT;
}
