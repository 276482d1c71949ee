/** A contact's slot: its page's number and, in the low bits, its place there. */
import { LIMITS } from "../../kernel/limits.ts";

const PAGE_SHIFT = Math.log2(LIMITS.page_contacts);
const PLACE_MASK = LIMITS.page_contacts - 1;

export function pageOf(slot: number): number {
  return slot >>> PAGE_SHIFT;
}

export function placeOnPage(slot: number): number {
  return slot & PLACE_MASK;
}

export function firstSlotOf(page: number): number {
  return page << PAGE_SHIFT;
}
