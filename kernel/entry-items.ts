/**
 * Columns of an entry in memory. An entry has some twenty of them and there are many entries, so columns are carved out
 * of common blocks: an ArrayBuffer of its own for each would cost more than filling it.
 */

const BLOCK_BYTES = 256 * 1024;
/** Larger columns get a block of their own. */
const CARVED_BYTES = 16 * 1024;

let block = new ArrayBuffer(BLOCK_BYTES);
let used = 0;

type Column = Uint32Array | Float64Array;
type ColumnType<T> = { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer, at: number, length: number): T };

/** Zeros. A block is never used twice, and goes when the last of its columns does. */
export function carve<T extends Column>(type: ColumnType<T>, length: number): T {
  const bytes = length * type.BYTES_PER_ELEMENT;
  if (bytes > CARVED_BYTES) return new type(new ArrayBuffer(bytes), 0, length);
  if (used + bytes > BLOCK_BYTES) {
    block = new ArrayBuffer(BLOCK_BYTES);
    used = 0;
  }
  const column = new type(block, used, length);
  used += (bytes + 7) & ~7;
  return column;
}

const NO_BYTES = new Uint8Array(1024);

/** As `writeItems` wrote them. Shared with the buffer, or zeros that others see as well: not to be written to. */
export function readBytes(from: Buffer, at: number, length: number, width: number): Uint8Array {
  if (width === 1) return new Uint8Array(from.buffer, from.byteOffset + at, length);
  if (width !== 0) throw new RangeError(`a column of bytes has items of ${width}`);
  return length <= NO_BYTES.length ? NO_BYTES.subarray(0, length) : new Uint8Array(length);
}

export function readUints(from: Buffer, at: number, length: number, width: number): Uint32Array {
  const into = carve(Uint32Array, length);
  let source = at;
  switch (width) {
    case 0:
      break;
    case 1:
      for (let i = 0; i < length; i++) into[i] = from[source++] as number;
      break;
    case 2:
      for (let i = 0; i < length; i++, source += 2)
        into[i] = (from[source] as number) | ((from[source + 1] as number) << 8);
      break;
    case 4: {
      const view = new DataView(from.buffer, from.byteOffset + at, length * 4);
      for (let i = 0; i < length; i++) into[i] = view.getUint32(i * 4, true);
      break;
    }
    default:
      throw new RangeError(`a column of integers has items of ${width} bytes`);
  }
  return into;
}

/** Running sums of integers: item i is the sum of all before i, plus `first`; one item more than there are integers. */
export function readSums(from: Buffer, at: number, length: number, width: number, first: number): Uint32Array {
  const into = carve(Uint32Array, length + 1);
  let sum = first;
  if (width === 1) {
    for (let i = 0; i < length; i++) {
      into[i] = sum;
      sum += from[at + i] as number;
    }
  } else {
    const integers = readUints(from, at, length, width);
    for (let i = 0; i < length; i++) {
      into[i] = sum;
      sum += integers[i] as number;
    }
  }
  into[length] = sum;
  return into;
}

export function readDoubles(from: Buffer, at: number, length: number, width: number): Float64Array {
  const into = carve(Float64Array, length);
  const view = new DataView(from.buffer, from.byteOffset + at, length * width);
  switch (width) {
    case 0:
      break;
    case 1:
      for (let i = 0; i < length; i++) into[i] = view.getUint8(i);
      break;
    case 2:
      for (let i = 0; i < length; i++) into[i] = view.getUint16(i * 2, true);
      break;
    case 4:
      for (let i = 0; i < length; i++) into[i] = view.getUint32(i * 4, true);
      break;
    default:
      for (let i = 0; i < length; i++) into[i] = view.getFloat64(i * 8, true);
  }
  return into;
}
