/**
 * Algebra over bitmaps 128 bits at a time, and the search of columns of numbers: some 2,900 bytes of WebAssembly, made by
 * scripts/make-bitmap-kernel.mjs, and the memory that its operands must lie in. Whoever has no WebAssembly with SIMD and
 * shared memory, or more bitmaps and columns than the 4 GiB that it can address, gets words from the ordinary heap and does
 * the same in plain JavaScript.
 *
 * The memory is a shared one not because threads share it, but because it can grow without making the views on it
 * worthless. A block is given back when nobody holds its words any more, which only the garbage collector knows:
 * answers that are being written may hold the words of a view that was dropped.
 */

/** Sizes of blocks are multiples of this. */
export const BLOCK_WORDS = 32;
const BLOCK_BYTES = BLOCK_WORDS * 4;
/** Smaller bitmaps aren't worth a block: plain JavaScript is through with them as quickly. */
const WORDS_MIN = 64;
const WORD_BITS = 32;
const PAGE_BYTES = 64 * 1024;
const PAGES_MAX = 65_536;
/** The memory grows by at least a megabyte. */
const GROWTH_PAGES = 16;

/** As base64. */
export const KERNEL_CODE =
  "AGFzbQEAAAABOwhgAn9/AX9gA39/fwF/YAR/f39/AGAEf39/fwBgBH9/f38AYAV/f3x8fwBgBX9/f39/AGAFf39/f38AAhIBA2VudgZtZW1v" +
  "cnkCAwGAgAQDCQgAAQIDBAUGBwdbCAVjb3VudAAAC2NvdW50Q29tbW9uAAEDYW5kAAICb3IAAwZhbmROb3QABA5kb3VibGVzSW5SYW5nZQAF" +
  "DGJ5dGVzSW5SYW5nZQAGDXNob3J0c0luUmFuZ2UABwqIFQiXBAIBfxB7IAAgAWohAgNAIAD9AAQQIQ4gAP0ABAAhDSADIQwgDCAN/VEhCyAM" +
  "IA39TiALIA79Tv1QIQcgCyAO/VEhAyAA/QAEMCEOIAD9AAQgIQ0gAyEMIAwgDf1RIQsgDCAN/U4gCyAO/U79UCEIIAsgDv1RIQMgCCEOIAch" +
  "DSAEIQwgDCAN/VEhCyAMIA39TiALIA79Tv1QIQkgCyAO/VEhBCAA/QAEUCEOIAD9AARAIQ0gAyEMIAwgDf1RIQsgDCAN/U4gCyAO/U79UCEH" +
  "IAsgDv1RIQMgAP0ABHAhDiAA/QAEYCENIAMhDCAMIA39USELIAwgDf1OIAsgDv1O/VAhCCALIA79USEDIAghDiAHIQ0gBCEMIAwgDf1RIQsg" +
  "DCAN/U4gCyAO/U79UCEKIAsgDv1RIQQgCiEOIAkhDSAFIQwgDCAN/VEhCyAMIA39TiALIA79Tv1QIQYgCyAO/VEhBSASIAb9Yv19/X/9rgEh" +
  "EiAAQYABaiEAIAAgAkkNAAsgESAF/WL9ff1//a4BIREgECAE/WL9ff1//a4BIRAgDyAD/WL9ff1//a4BIQ8gEv0bACAS/RsBaiAS/RsCIBL9" +
  "GwNqakEDdCAR/RsAIBH9GwFqIBH9GwIgEf0bA2pqQQJ0aiAQ/RsAIBD9GwFqIBD9GwIgEP0bA2pqQQF0IA/9GwAgD/0bAWogD/0bAiAP/RsD" +
  "ampqagvfBAIBfxB7IAAgAmohAwNAIAD9AAQQIAH9AAQQ/U4hDyAA/QAEACAB/QAEAP1OIQ4gBCENIA0gDv1RIQwgDSAO/U4gDCAP/U79UCEI" +
  "IAwgD/1RIQQgAP0ABDAgAf0ABDD9TiEPIAD9AAQgIAH9AAQg/U4hDiAEIQ0gDSAO/VEhDCANIA79TiAMIA/9Tv1QIQkgDCAP/VEhBCAJIQ8g" +
  "CCEOIAUhDSANIA79USEMIA0gDv1OIAwgD/1O/VAhCiAMIA/9USEFIAD9AARQIAH9AARQ/U4hDyAA/QAEQCAB/QAEQP1OIQ4gBCENIA0gDv1R" +
  "IQwgDSAO/U4gDCAP/U79UCEIIAwgD/1RIQQgAP0ABHAgAf0ABHD9TiEPIAD9AARgIAH9AARg/U4hDiAEIQ0gDSAO/VEhDCANIA79TiAMIA/9" +
  "Tv1QIQkgDCAP/VEhBCAJIQ8gCCEOIAUhDSANIA79USEMIA0gDv1OIAwgD/1O/VAhCyAMIA/9USEFIAshDyAKIQ4gBiENIA0gDv1RIQwgDSAO" +
  "/U4gDCAP/U79UCEHIAwgD/1RIQYgEyAH/WL9ff1//a4BIRMgAUGAAWohASAAQYABaiEAIAAgA0kNAAsgEiAG/WL9ff1//a4BIRIgESAF/WL9" +
  "ff1//a4BIREgECAE/WL9ff1//a4BIRAgE/0bACAT/RsBaiAT/RsCIBP9GwNqakEDdCAS/RsAIBL9GwFqIBL9GwIgEv0bA2pqQQJ0aiAR/RsA" +
  "IBH9GwFqIBH9GwIgEf0bA2pqQQF0IBD9GwAgEP0bAWogEP0bAiAQ/RsDampqagvNAQEBfyABIANqIQQDQCAAIAH9AAQAIAL9AAQA/U79CwQA" +
  "IAAgAf0ABBAgAv0ABBD9Tv0LBBAgACAB/QAEICAC/QAEIP1O/QsEICAAIAH9AAQwIAL9AAQw/U79CwQwIAAgAf0ABEAgAv0ABED9Tv0LBEAg" +
  "ACAB/QAEUCAC/QAEUP1O/QsEUCAAIAH9AARgIAL9AARg/U79CwRgIAAgAf0ABHAgAv0ABHD9Tv0LBHAgAEGAAWohACACQYABaiECIAFBgAFq" +
  "IQEgASAESQ0ACwvNAQEBfyABIANqIQQDQCAAIAH9AAQAIAL9AAQA/VD9CwQAIAAgAf0ABBAgAv0ABBD9UP0LBBAgACAB/QAEICAC/QAEIP1Q" +
  "/QsEICAAIAH9AAQwIAL9AAQw/VD9CwQwIAAgAf0ABEAgAv0ABED9UP0LBEAgACAB/QAEUCAC/QAEUP1Q/QsEUCAAIAH9AARgIAL9AARg/VD9" +
  "CwRgIAAgAf0ABHAgAv0ABHD9UP0LBHAgAEGAAWohACACQYABaiECIAFBgAFqIQEgASAESQ0ACwvNAQEBfyABIANqIQQDQCAAIAH9AAQAIAL9" +
  "AAQA/U/9CwQAIAAgAf0ABBAgAv0ABBD9T/0LBBAgACAB/QAEICAC/QAEIP1P/QsEICAAIAH9AAQwIAL9AAQw/U/9CwQwIAAgAf0ABEAgAv0A" +
  "BED9T/0LBEAgACAB/QAEUCAC/QAEUP1P/QsEUCAAIAH9AARgIAL9AARg/U/9CwRgIAAgAf0ABHAgAv0ABHD9T/0LBHAgAEGAAWohACACQYAB" +
  "aiECIAFBgAFqIQEgASAESQ0ACwvYBAICfwN7IAL9FCEHIAP9FCEIIAAgBGohBQNAIAAoAgAhBiAB/QAEACEJIAYgCSAH/UwgCSAI/Uv9Tv3E" +
  "AUEAdHIhBiAB/QAEECEJIAYgCSAH/UwgCSAI/Uv9Tv3EAUECdHIhBiAB/QAEICEJIAYgCSAH/UwgCSAI/Uv9Tv3EAUEEdHIhBiAB/QAEMCEJ" +
  "IAYgCSAH/UwgCSAI/Uv9Tv3EAUEGdHIhBiAB/QAEQCEJIAYgCSAH/UwgCSAI/Uv9Tv3EAUEIdHIhBiAB/QAEUCEJIAYgCSAH/UwgCSAI/Uv9" +
  "Tv3EAUEKdHIhBiAB/QAEYCEJIAYgCSAH/UwgCSAI/Uv9Tv3EAUEMdHIhBiAB/QAEcCEJIAYgCSAH/UwgCSAI/Uv9Tv3EAUEOdHIhBiAB/QAE" +
  "gAEhCSAGIAkgB/1MIAkgCP1L/U79xAFBEHRyIQYgAf0ABJABIQkgBiAJIAf9TCAJIAj9S/1O/cQBQRJ0ciEGIAH9AASgASEJIAYgCSAH/Uwg" +
  "CSAI/Uv9Tv3EAUEUdHIhBiAB/QAEsAEhCSAGIAkgB/1MIAkgCP1L/U79xAFBFnRyIQYgAf0ABMABIQkgBiAJIAf9TCAJIAj9S/1O/cQBQRh0" +
  "ciEGIAH9AATQASEJIAYgCSAH/UwgCSAI/Uv9Tv3EAUEadHIhBiAB/QAE4AEhCSAGIAkgB/1MIAkgCP1L/U79xAFBHHRyIQYgAf0ABPABIQkg" +
  "BiAJIAf9TCAJIAj9S/1O/cQBQR50ciEGIAAgBjYCACABQYACaiEBIABBBGohACAAIAVJDQALC38CAn8DeyAC/Q8hByAD/Q8hCCAAIARqIQUD" +
  "QCAAKAIAIQYgAf0ABAAhCSAGIAkgB/0sIAkgCP0q/U79ZEEAdHIhBiAB/QAEECEJIAYgCSAH/SwgCSAI/Sr9Tv1kQRB0ciEGIAAgBjYCACAB" +
  "QSBqIQEgAEEEaiEAIAAgBUkNAAsLxAECAn8DeyAC/RAhByAD/RAhCCAAIARqIQUDQCAAKAIAIQYgAf0ABAAhCSAGIAkgB/01IAkgCP0z/U79" +
  "hAFBAHRyIQYgAf0ABBAhCSAGIAkgB/01IAkgCP0z/U79hAFBCHRyIQYgAf0ABCAhCSAGIAkgB/01IAkgCP0z/U79hAFBEHRyIQYgAf0ABDAh" +
  "CSAGIAkgB/01IAkgCP0z/U79hAFBGHRyIQYgACAGNgIAIAFBwABqIQEgAEEEaiEAIAAgBUkNAAsL";

interface Functions {
  count(a: number, bytes: number): number;
  countCommon(a: number, b: number, bytes: number): number;
  and(to: number, a: number, b: number, bytes: number): void;
  or(to: number, a: number, b: number, bytes: number): void;
  andNot(to: number, a: number, b: number, bytes: number): void;
  doublesInRange(a: number, numbers: number, from: number, to: number, bytes: number): void;
  bytesInRange(a: number, numbers: number, from: number, to: number, bytes: number): void;
  shortsInRange(a: number, numbers: number, from: number, to: number, bytes: number): void;
}

/** The part of the WebAssembly API that is used; the compiler knows it only together with a browser's. */
interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}
interface Wasm {
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { readonly exports: unknown };
}

/** Columns that can be searched. */
export type Numbers = Float64Array | Uint8Array | Int16Array;
export interface NumbersType<T extends Numbers = Numbers> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): T;
  new (buffer: SharedArrayBuffer, at: number, length: number): T;
}

export interface BitmapKernel {
  /** Zeroed words, a multiple of `BLOCK_WORDS`, at least as many as asked for; null when the memory is full. */
  allocate(words: number): Uint32Array | null;
  /** The same for numbers. */
  allocateNumbers(type: NumbersType, numbers: number): Numbers | null;
  /** Where words or numbers begin that were allocated here; -1 for any others. */
  addressOf(words: Uint32Array | Numbers): number;
  readonly functions: Functions;
}

/** Null where the machine can't. */
export function createKernel(): BitmapKernel | null {
  const wasm = (globalThis as { readonly WebAssembly?: Wasm }).WebAssembly;
  if (wasm === undefined) return null;
  let memory: WasmMemory;
  let functions: Functions;
  try {
    memory = new wasm.Memory({ initial: 1, maximum: PAGES_MAX, shared: true });
    const module = new wasm.Module(Buffer.from(KERNEL_CODE, "base64"));
    functions = new wasm.Instance(module, { env: { memory } }).exports as Functions;
  } catch {
    return null;
  }
  /** Every buffer that the memory has had: all are the same bytes. */
  const buffers = new WeakSet<object>([memory.buffer]);
  /** Addresses of blocks given back, by their words. */
  const free = new Map<number, number[]>();
  const giveBack = new FinalizationRegistry<{ readonly at: number; readonly words: number }>(({ at, words }) => {
    const same = free.get(words);
    if (same === undefined) free.set(words, [at]);
    else same.push(at);
  });
  let end = 0;
  let full = false;

  const room = (bytes: number): boolean => {
    const missing = end + bytes - memory.buffer.byteLength;
    if (missing <= 0) return true;
    if (full) return false;
    try {
      memory.grow(Math.max(GROWTH_PAGES, Math.ceil(missing / PAGE_BYTES)));
    } catch {
      full = true;
      return false;
    }
    buffers.add(memory.buffer);
    return true;
  };

  /** Where so many words are free, a multiple of `BLOCK_WORDS`; -1 when the memory is full. */
  const reserve = (words: number): number => {
    const at = free.get(words)?.pop();
    if (at !== undefined) return at;
    if (!room(words * 4)) return -1;
    end += words * 4;
    return end - words * 4;
  };

  const allocated = <T extends Uint32Array | Numbers>(
    wanted: number,
    view: (at: number, words: number) => T,
  ): T | null => {
    const words = Math.ceil(wanted / BLOCK_WORDS) * BLOCK_WORDS;
    const at = reserve(words);
    if (at < 0) return null;
    const block = view(at, words);
    block.fill(0);
    giveBack.register(block, { at, words });
    return block;
  };

  return {
    functions,
    addressOf: (words) => (buffers.has(words.buffer) ? words.byteOffset : -1),
    allocate: (wanted) => allocated(wanted, (at, words) => new Uint32Array(memory.buffer, at, words)),
    allocateNumbers(type, wanted) {
      const bytes = type.BYTES_PER_ELEMENT;
      return allocated((wanted * bytes) / 4, (at, words) => new type(memory.buffer, at, (words * 4) / bytes));
    },
  };
}

const kernel = createKernel();

/** Zeroed words, at least as many as asked for: where the kernel can reach them if it is worth it. */
export function newWords(words: number): Uint32Array {
  if (kernel === null || words < WORDS_MIN) return new Uint32Array(words);
  return kernel.allocate(words) ?? new Uint32Array(words);
}

/** Zeroed numbers, at least as many as asked for, a multiple of 32; as `newWords`. */
export function newNumbers<T extends Numbers>(type: NumbersType<T>, numbers: number): T {
  const wanted = Math.ceil(numbers / WORD_BITS) * WORD_BITS;
  if (kernel === null || wanted < WORDS_MIN) return new type(wanted);
  return (kernel.allocateNumbers(type, wanted) as T | null) ?? new type(wanted);
}

/**
 * Sets the bits of those numbers with `from <= number <= to` among the first `words * 32`, and leaves the others as they are.
 * Of whole numbers, both bounds must be such as the column could have.
 */
export function markInRange(bits: Uint32Array, numbers: Numbers, from: number, to: number, words: number): void {
  if (words === 0) return;
  const a = kernel?.addressOf(bits) ?? -1;
  const values = kernel?.addressOf(numbers) ?? -1;
  if (kernel === null || a < 0 || values < 0) {
    for (let at = 0; at < words; at++) bits[at] = (bits[at] as number) | wordInRange(numbers, at * WORD_BITS, from, to);
    return;
  }
  const { functions } = kernel;
  if (numbers instanceof Float64Array) functions.doublesInRange(a, values, from, to, words * 4);
  else if (numbers instanceof Uint8Array) functions.bytesInRange(a, values, from, to, words * 4);
  else functions.shortsInRange(a, values, from, to, words * 4);
}

function wordInRange(numbers: Numbers, base: number, from: number, to: number): number {
  let bits = 0;
  for (let i = 0; i < WORD_BITS; i++) {
    const number = numbers[base + i] as number;
    bits |= (number >= from && number <= to ? 1 : 0) << i;
  }
  return bits;
}

/** How many bits are set in both: the kernel's answer, or -1 when it can't give one. */
export function kernelCountCommon(a: Uint32Array, b: Uint32Array, words: number): number {
  const bytes = words * 4;
  if (kernel === null || bytes === 0 || bytes % BLOCK_BYTES !== 0) return -1;
  const [x, y] = [kernel.addressOf(a), kernel.addressOf(b)];
  return x < 0 || y < 0 ? -1 : kernel.functions.countCommon(x, y, bytes);
}

/** How many bits are set, or -1. */
export function kernelCount(a: Uint32Array, words: number): number {
  const bytes = words * 4;
  if (kernel === null || bytes === 0 || bytes % BLOCK_BYTES !== 0) return -1;
  const x = kernel.addressOf(a);
  return x < 0 ? -1 : kernel.functions.count(x, bytes);
}

/** Writes `a` and `b` combined to the first words of `to`; false when it can't, and nothing is written. */
export function kernelCombine(
  operation: "and" | "or" | "andNot",
  to: Uint32Array,
  a: Uint32Array,
  b: Uint32Array,
  words: number,
): boolean {
  const bytes = words * 4;
  if (kernel === null || bytes === 0 || bytes % BLOCK_BYTES !== 0) return false;
  const [into, x, y] = [kernel.addressOf(to), kernel.addressOf(a), kernel.addressOf(b)];
  if (into < 0 || x < 0 || y < 0) return false;
  kernel.functions[operation](into, x, y, bytes);
  return true;
}
