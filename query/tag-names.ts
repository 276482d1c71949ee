/** Numbers for names of tags, shared by all partitions of a process. A number is never given twice. */
import { compareCodePoints } from "../kernel/compare.ts";

/** Names added since they were last put in order, as a share of all, that are borne before it is done again. */
const UNORDERED_SHARE = 1 / 8;

export class TagNames {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  /** Numbers by a hash of the name's bytes, and the bytes: rows name the same few tags over and over. */
  readonly #byHash = new Map<number, number>();
  readonly #bytes: Buffer[] = [];
  /** Places of the first names in their order by code points. */
  #ranks = new Uint32Array(0);

  get size(): number {
    return this.#names.length;
  }

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#names.push(name);
    this.#numbers.set(name, number);
    this.#bytes.push(Buffer.from(name));
    return number;
  }

  /** The number of a name that lies as UTF-8 in a buffer. */
  numberOfBytes(buffer: Buffer, from: number, to: number): number {
    let hash = to - from;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (buffer[i] ?? 0), 0x01000193);
    const known = this.#byHash.get(hash);
    if (known !== undefined && this.#isAt(known, buffer, from, to)) return known;
    const number = this.number(buffer.toString("utf8", from, to));
    if (known === undefined) this.#byHash.set(hash, number);
    return number;
  }

  #isAt(number: number, buffer: Buffer, from: number, to: number): boolean {
    const bytes = this.#bytes[number];
    if (bytes === undefined || bytes.length !== to - from) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[from + i]) return false;
    return true;
  }

  /** -1 for a name that nobody ever had. */
  find(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  name(number: number): string {
    return this.#names[number] ?? "";
  }

  /** Negative when the name of `a` sorts before that of `b`, by code points. */
  compare(a: number, b: number): number {
    const ranked = this.#ranks.length;
    if (a < ranked && b < ranked) return (this.#ranks[a] ?? 0) - (this.#ranks[b] ?? 0);
    if (this.size - ranked > this.size * UNORDERED_SHARE) {
      this.#rank();
      return this.compare(a, b);
    }
    return compareCodePoints(this.name(a), this.name(b));
  }

  #rank(): void {
    const order = this.#names.map((_, number) => number);
    order.sort((a, b) => compareCodePoints(this.name(a), this.name(b)));
    const ranks = new Uint32Array(order.length);
    for (const [rank, number] of order.entries()) ranks[number] = rank;
    this.#ranks = ranks;
  }
}
