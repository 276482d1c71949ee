/** A growing byte buffer and a cursor over one: the alphabet of every binary layout except entries. */

/** Bytes that the length of a block takes where its content is written before the length is known. */
const BLOCK_LENGTH_BYTES = 2;

/** Appends little-endian values. `finish` copies out what was written; `reset` makes the writer ready for reuse. */
export class ByteWriter {
  #buffer: Buffer;
  #at = 0;
  readonly #keep: number;

  /** @param keep a buffer that has grown beyond this is let go at a reset */
  constructor(capacity = 1024, keep = Infinity) {
    this.#buffer = Buffer.allocUnsafe(capacity);
    this.#keep = keep;
  }

  get length(): number {
    return this.#at;
  }

  reset(): void {
    this.#at = 0;
    if (this.#buffer.length > this.#keep) this.#buffer = Buffer.allocUnsafe(this.#keep);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }

  u8(value: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#buffer.writeUInt32LE(value, this.#at);
    this.#at += 4;
  }

  f64(value: number): void {
    this.#room(8);
    this.#buffer.writeDoubleLE(value, this.#at);
    this.#at += 8;
  }

  /** A whole number that isn't negative, in 1 to 8 bytes up to 2^53 - 1 (LEB128); larger ones as far as doubles have them. */
  varint(value: number): void {
    this.#room(value < LARGE ? VARINT_BYTES_MAX : LARGE_BYTES_MAX);
    this.#at = putVarint(this.#buffer, this.#at, value);
  }

  /** A whole number with its sign (zigzag LEB128). */
  svarint(value: number): void {
    this.#room(Math.abs(value) < LARGE ? VARINT_BYTES_MAX : LARGE_BYTES_MAX);
    this.#at = putSvarint(this.#buffer, this.#at, value);
  }

  /** UTF-8 behind its length in bytes. Lone surrogates become U+FFFD, as everywhere in UTF-8. */
  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.varint(bytes);
    this.#room(bytes);
    this.#at += this.#buffer.write(value, this.#at, "utf8");
  }

  /** Bytes behind their length. */
  block(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** Those from `from` up to but without `to`, behind their length. */
  part(value: Uint8Array, from: number, to: number): void {
    this.varint(to - from);
    this.#room(to - from);
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = from; i < to; i++) buffer[at++] = value[i] as number;
    this.#at = at;
  }

  /** Bytes of `value` from `from` up to but without `to`, as they are. */
  copy(value: Buffer, from: number, to: number): void {
    this.#room(to - from);
    this.#at += value.copy(this.#buffer, this.#at, from, to);
  }

  /** What is written from here on, up to `endBlock`, is a block. Gives what `endBlock` wants. */
  beginBlock(): number {
    this.#room(BLOCK_LENGTH_BYTES);
    const begun = this.#at;
    this.#at += BLOCK_LENGTH_BYTES;
    return begun;
  }

  endBlock(begun: number): void {
    const length = this.#at - begun - BLOCK_LENGTH_BYTES;
    if (length < 0x4000) {
      // In two bytes also where one would do: nothing has to be moved.
      this.#buffer[begun] = (length & 0x7f) | 0x80;
      this.#buffer[begun + 1] = length >>> 7;
      return;
    }
    let more = 0;
    for (let rest = length >>> 7; rest >= 0x80; rest >>>= 7) more++;
    this.#room(more);
    this.#buffer.copyWithin(begun + BLOCK_LENGTH_BYTES + more, begun + BLOCK_LENGTH_BYTES, this.#at);
    const end = this.#at + more;
    this.#at = begun;
    this.varint(length);
    this.#at = end;
  }

  /**
   * For many small values in a row: room for so many bytes from the place that is given on, to be filled in `buffer` by
   * `putVarint` and its like; `settle` says how far that was. Nothing else may be written in between, and `buffer` is to be
   * asked for after this: it may be another one then.
   */
  claim(bytes: number): number {
    this.#room(bytes);
    return this.#at;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  settle(at: number): void {
    this.#at = at;
  }

  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  /** What was written from a place on, not copied: valid until the next reset. */
  view(from = 0): Buffer {
    return this.#buffer.subarray(from, this.#at);
  }

  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at));
  }
}

/**
 * As `ByteWriter.varint`, into room that was claimed; at most `VARINT_BYTES_MAX` bytes below 2^56. Gives the place behind it.
 */
export function putVarint(buffer: Buffer, at: number, value: number): number {
  return value < LOW ? putInteger(buffer, at, value) : putHigh(buffer, putLow(buffer, at, value | 0), value / LOW);
}

/** As `ByteWriter.svarint`; at most `VARINT_BYTES_MAX` bytes within 2^55 either way. */
export function putSvarint(buffer: Buffer, at: number, value: number): number {
  const sign = value < 0 ? 1 : 0;
  const distance = value < 0 ? -value - oneLess(-value - 1) : value;
  if (distance < LOW / 2) return putInteger(buffer, at, distance * 2 + sign);
  // Doubled as a whole it might not be exact.
  return putHigh(buffer, putLow(buffer, at, (distance << 1) | sign), distance / (LOW / 2));
}

/** Numbers below 0 begin with the distance 0, as far as doubles tell neighbours apart. */
function oneLess(distance: number): number {
  return distance > Number.MAX_SAFE_INTEGER ? 0 : 1;
}

/** Four bytes of a varint hold what is below. */
const LOW_BITS = 28;
const LOW = 2 ** LOW_BITS;

function putInteger(buffer: Buffer, at: number, value: number): number {
  let to = at;
  let rest = value | 0;
  while (rest >= 0x80) {
    buffer[to++] = rest | 0x80;
    rest >>>= 7;
  }
  buffer[to++] = rest;
  return to;
}

/** The lower 28 bits of something longer: integers, as a remainder of doubles is a call. */
function putLow(buffer: Buffer, at: number, low: number): number {
  buffer[at] = low | 0x80;
  buffer[at + 1] = (low >>> 7) | 0x80;
  buffer[at + 2] = (low >>> 14) | 0x80;
  buffer[at + 3] = (low >>> 21) | 0x80;
  return at + 4;
}

/** What stands before the lower bits. */
function putHigh(buffer: Buffer, at: number, value: number): number {
  let to = at;
  let rest = Math.floor(value);
  for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) buffer[to++] = (rest % 0x80) | 0x80;
  return putInteger(buffer, to, rest);
}

export const VARINT_BYTES_MAX = 8;
/** From here on a number, however large a double, may take more. */
const LARGE = 2 ** 55;
const LARGE_BYTES_MAX = 160;

/** Stands for the byte behind the last one: no small number. */
const END = 0x80;

/** Reads what a `ByteWriter` wrote. Throws a RangeError past the end: a damaged block is a fault, not a value. */
export class ByteReader {
  readonly buffer: Buffer;
  at: number;
  readonly end: number;
  #high = 0;

  constructor(buffer: Buffer, at = 0, end = buffer.length) {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    const value = this.buffer[this.at];
    if (value === undefined || this.at >= this.end) throw new RangeError("read past the end of a block");
    this.at++;
    return value;
  }

  u32(): number {
    if (this.at + 4 > this.end) throw new RangeError("read past the end of a block");
    const value = this.buffer.readUInt32LE(this.at);
    this.at += 4;
    return value;
  }

  f64(): number {
    if (this.at + 8 > this.end) throw new RangeError("read past the end of a block");
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  varint(): number {
    const low = this.#lowBits();
    return this.#high === 0 ? low : low + this.#high * LOW;
  }

  /** The lower 28 bits of a varint; what stands before them is `#high` then. */
  #lowBits(): number {
    this.#high = 0;
    const { buffer } = this;
    const first = buffer[this.at] ?? END;
    if (first < 0x80 && this.at < this.end) {
      this.at++;
      return first;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    let low = 0;
    for (let shift = 0; shift < LOW_BITS; shift += 7) {
      const byte = this.u8();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low;
    }
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      this.#high += (byte & 0x7f) * scale;
      if (byte < 0x80) return low;
      scale *= 0x80;
    }
  }

  skipVarint(): void {
    while (this.u8() >= 0x80);
  }

  svarint(): number {
    const low = this.#lowBits();
    if (this.#high === 0) return (low >>> 1) ^ -(low & 1);
    const distance = (low >>> 1) + this.#high * (LOW / 2);
    return (low & 1) === 0 ? distance : -distance - oneLess(distance);
  }

  text(): string {
    const length = this.varint();
    const from = this.at;
    this.#advance(length);
    return this.buffer.toString("utf8", from, this.at);
  }

  /** Passes over a text; gives how many bytes it has, which end where the reader stands now. */
  skipText(): number {
    const length = this.varint();
    this.#advance(length);
    return length;
  }

  /** A view, not a copy: valid as long as the buffer is. */
  block(): Buffer {
    const length = this.varint();
    const from = this.at;
    this.#advance(length);
    return this.buffer.subarray(from, this.at);
  }

  skipBlock(): void {
    this.#advance(this.varint());
  }

  skip(bytes: number): void {
    this.#advance(bytes);
  }

  #advance(length: number): void {
    if (this.at + length > this.end) throw new RangeError("read past the end of a block");
    this.at += length;
  }
}
