/** Calls of many people as one stream in the order of their time, whoever they are from. */
import type { Call } from "../replay/call.ts";

export interface Timed {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly call: Call;
}

interface Head extends Timed {
  readonly order: number;
  readonly rest: Iterator<Call>;
}

/** A heap of the next call of each stream. Equal instants come in the order in which their streams were added. */
export interface Merge {
  add(calls: Iterator<Call>): void;
  /** The earliest call; null when there is none. */
  peek(): Timed | null;
  /** Takes what `peek` shows. */
  next(): Timed | null;
}

export function createMerge(): Merge {
  const heap: Head[] = [];
  let added = 0;
  const before = (a: Head, b: Head): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

  const push = (rest: Iterator<Call>, order: number): void => {
    const { done, value } = rest.next();
    if (done === true) return;
    const head: Head = { at: Date.parse(value.timestamp), call: value, order, rest };
    let place = heap.length;
    heap.push(head);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(head, above)) break;
      heap[place] = above;
      heap[parent] = head;
      place = parent;
    }
  };
  const removeFirst = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const [child, below] = b !== undefined && before(b, a) ? [left + 1, b] : [left, a];
      if (!before(below, last)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  };
  return {
    add: (calls) => push(calls, added++),
    peek: () => heap[0] ?? null,
    next() {
      const [first] = heap;
      if (first === undefined) return null;
      removeFirst();
      push(first.rest, first.order);
      return first;
    },
  };
}
