/**
 * Algebra over bitmaps 128 bits at a time, and the search of columns of numbers: some 2,400 bytes of WebAssembly, made by
 * scripts/make-bitmap-kernel.mjs, and the memory that its operands must lie in. Whoever has no WebAssembly with SIMD and shared memory, or more bitmaps
 * than the 4 GiB that it can address, gets words from the ordinary heap and does the same in plain JavaScript.
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
const PAGE_BYTES = 64 * 1024;
const PAGES_MAX = 65_536;
/** The memory grows by at least a megabyte. */
const GROWTH_PAGES = 16;

/** As base64. */
export const KERNEL_CODE =
  "AGFzbQEAAAABKwZgAn9/AX9gA39/fwF/YAR/f39/AGAEf39/fwBgBH9/f38AYAV/f3x8fwACEgEDZW52Bm1lbW9yeQIDAYCABAMHBgABAgME" +
  "BQc1BgVjb3VudAAAC2NvdW50Q29tbW9uAAEDYW5kAAICb3IAAwZhbmROb3QABAdpblJhbmdlAAUKwhIGlwQCAX8QeyAAIAFqIQIDQCAA/QAE" +
  "ECEOIAD9AAQAIQ0gAyEMIAwgDf1RIQsgDCAN/U4gCyAO/U79UCEHIAsgDv1RIQMgAP0ABDAhDiAA/QAEICENIAMhDCAMIA39USELIAwgDf1O" +
  "IAsgDv1O/VAhCCALIA79USEDIAghDiAHIQ0gBCEMIAwgDf1RIQsgDCAN/U4gCyAO/U79UCEJIAsgDv1RIQQgAP0ABFAhDiAA/QAEQCENIAMh" +
  "DCAMIA39USELIAwgDf1OIAsgDv1O/VAhByALIA79USEDIAD9AARwIQ4gAP0ABGAhDSADIQwgDCAN/VEhCyAMIA39TiALIA79Tv1QIQggCyAO" +
  "/VEhAyAIIQ4gByENIAQhDCAMIA39USELIAwgDf1OIAsgDv1O/VAhCiALIA79USEEIAohDiAJIQ0gBSEMIAwgDf1RIQsgDCAN/U4gCyAO/U79" +
  "UCEGIAsgDv1RIQUgEiAG/WL9ff1//a4BIRIgAEGAAWohACAAIAJJDQALIBEgBf1i/X39f/2uASERIBAgBP1i/X39f/2uASEQIA8gA/1i/X39" +
  "f/2uASEPIBL9GwAgEv0bAWogEv0bAiAS/RsDampBA3QgEf0bACAR/RsBaiAR/RsCIBH9GwNqakECdGogEP0bACAQ/RsBaiAQ/RsCIBD9GwNq" +
  "akEBdCAP/RsAIA/9GwFqIA/9GwIgD/0bA2pqamoL3wQCAX8QeyAAIAJqIQMDQCAA/QAEECAB/QAEEP1OIQ8gAP0ABAAgAf0ABAD9TiEOIAQh" +
  "DSANIA79USEMIA0gDv1OIAwgD/1O/VAhCCAMIA/9USEEIAD9AAQwIAH9AAQw/U4hDyAA/QAEICAB/QAEIP1OIQ4gBCENIA0gDv1RIQwgDSAO" +
  "/U4gDCAP/U79UCEJIAwgD/1RIQQgCSEPIAghDiAFIQ0gDSAO/VEhDCANIA79TiAMIA/9Tv1QIQogDCAP/VEhBSAA/QAEUCAB/QAEUP1OIQ8g" +
  "AP0ABEAgAf0ABED9TiEOIAQhDSANIA79USEMIA0gDv1OIAwgD/1O/VAhCCAMIA/9USEEIAD9AARwIAH9AARw/U4hDyAA/QAEYCAB/QAEYP1O" +
  "IQ4gBCENIA0gDv1RIQwgDSAO/U4gDCAP/U79UCEJIAwgD/1RIQQgCSEPIAghDiAFIQ0gDSAO/VEhDCANIA79TiAMIA/9Tv1QIQsgDCAP/VEh" +
  "BSALIQ8gCiEOIAYhDSANIA79USEMIA0gDv1OIAwgD/1O/VAhByAMIA/9USEGIBMgB/1i/X39f/2uASETIAFBgAFqIQEgAEGAAWohACAAIANJ" +
  "DQALIBIgBv1i/X39f/2uASESIBEgBf1i/X39f/2uASERIBAgBP1i/X39f/2uASEQIBP9GwAgE/0bAWogE/0bAiAT/RsDampBA3QgEv0bACAS" +
  "/RsBaiAS/RsCIBL9GwNqakECdGogEf0bACAR/RsBaiAR/RsCIBH9GwNqakEBdCAQ/RsAIBD9GwFqIBD9GwIgEP0bA2pqamoLzQEBAX8gASAD" +
  "aiEEA0AgACAB/QAEACAC/QAEAP1O/QsEACAAIAH9AAQQIAL9AAQQ/U79CwQQIAAgAf0ABCAgAv0ABCD9Tv0LBCAgACAB/QAEMCAC/QAEMP1O" +
  "/QsEMCAAIAH9AARAIAL9AARA/U79CwRAIAAgAf0ABFAgAv0ABFD9Tv0LBFAgACAB/QAEYCAC/QAEYP1O/QsEYCAAIAH9AARwIAL9AARw/U79" +
  "CwRwIABBgAFqIQAgAkGAAWohAiABQYABaiEBIAEgBEkNAAsLzQEBAX8gASADaiEEA0AgACAB/QAEACAC/QAEAP1Q/QsEACAAIAH9AAQQIAL9" +
  "AAQQ/VD9CwQQIAAgAf0ABCAgAv0ABCD9UP0LBCAgACAB/QAEMCAC/QAEMP1Q/QsEMCAAIAH9AARAIAL9AARA/VD9CwRAIAAgAf0ABFAgAv0A" +
  "BFD9UP0LBFAgACAB/QAEYCAC/QAEYP1Q/QsEYCAAIAH9AARwIAL9AARw/VD9CwRwIABBgAFqIQAgAkGAAWohAiABQYABaiEBIAEgBEkNAAsL" +
  "zQEBAX8gASADaiEEA0AgACAB/QAEACAC/QAEAP1P/QsEACAAIAH9AAQQIAL9AAQQ/U/9CwQQIAAgAf0ABCAgAv0ABCD9T/0LBCAgACAB/QAE" +
  "MCAC/QAEMP1P/QsEMCAAIAH9AARAIAL9AARA/U/9CwRAIAAgAf0ABFAgAv0ABFD9T/0LBFAgACAB/QAEYCAC/QAEYP1P/QsEYCAAIAH9AARw" +
  "IAL9AARw/U/9CwRwIABBgAFqIQAgAkGAAWohAiABQYABaiEBIAEgBEkNAAsL2AQCAn8DeyAC/RQhByAD/RQhCCAAIARqIQUDQCAAKAIAIQYg" +
  "Af0ABAAhCSAGIAkgB/1MIAkgCP1J/U79xAFBAHRyIQYgAf0ABBAhCSAGIAkgB/1MIAkgCP1J/U79xAFBAnRyIQYgAf0ABCAhCSAGIAkgB/1M" +
  "IAkgCP1J/U79xAFBBHRyIQYgAf0ABDAhCSAGIAkgB/1MIAkgCP1J/U79xAFBBnRyIQYgAf0ABEAhCSAGIAkgB/1MIAkgCP1J/U79xAFBCHRy" +
  "IQYgAf0ABFAhCSAGIAkgB/1MIAkgCP1J/U79xAFBCnRyIQYgAf0ABGAhCSAGIAkgB/1MIAkgCP1J/U79xAFBDHRyIQYgAf0ABHAhCSAGIAkg" +
  "B/1MIAkgCP1J/U79xAFBDnRyIQYgAf0ABIABIQkgBiAJIAf9TCAJIAj9Sf1O/cQBQRB0ciEGIAH9AASQASEJIAYgCSAH/UwgCSAI/Un9Tv3E" +
  "AUESdHIhBiAB/QAEoAEhCSAGIAkgB/1MIAkgCP1J/U79xAFBFHRyIQYgAf0ABLABIQkgBiAJIAf9TCAJIAj9Sf1O/cQBQRZ0ciEGIAH9AATA" +
  "ASEJIAYgCSAH/UwgCSAI/Un9Tv3EAUEYdHIhBiAB/QAE0AEhCSAGIAkgB/1MIAkgCP1J/U79xAFBGnRyIQYgAf0ABOABIQkgBiAJIAf9TCAJ" +
  "IAj9Sf1O/cQBQRx0ciEGIAH9AATwASEJIAYgCSAH/UwgCSAI/Un9Tv3EAUEedHIhBiAAIAY2AgAgAUGAAmohASAAQQRqIQAgACAFSQ0ACws=";

interface Functions {
  count(a: number, bytes: number): number;
  countCommon(a: number, b: number, bytes: number): number;
  and(to: number, a: number, b: number, bytes: number): void;
  or(to: number, a: number, b: number, bytes: number): void;
  andNot(to: number, a: number, b: number, bytes: number): void;
  inRange(a: number, numbers: number, from: number, below: number, bytes: number): void;
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

export interface BitmapKernel {
  /** Zeroed words, a multiple of `BLOCK_WORDS`, at least as many as asked for; null when the memory is full. */
  allocate(words: number): Uint32Array | null;
  /** The same for numbers, at least as many as asked for: their count is a multiple of half as many. */
  allocateNumbers(numbers: number): Float64Array | null;
  /** Where words or numbers begin that were allocated here; -1 for any others. */
  addressOf(words: Uint32Array | Float64Array): number;
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

  const allocated = <T extends Uint32Array | Float64Array>(
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
    allocateNumbers: (wanted) => allocated(wanted * 2, (at, words) => new Float64Array(memory.buffer, at, words / 2)),
  };
}

const kernel = createKernel();

/** Zeroed words, at least as many as asked for: where the kernel can reach them if it is worth it. */
export function newWords(words: number): Uint32Array {
  if (kernel === null || words < WORDS_MIN) return new Uint32Array(words);
  return kernel.allocate(words) ?? new Uint32Array(words);
}

/** Zeroed numbers, at least as many as asked for; as `newWords`. */
export function newNumbers(numbers: number): Float64Array {
  if (kernel === null || numbers < WORDS_MIN) return new Float64Array(numbers);
  return kernel.allocateNumbers(numbers) ?? new Float64Array(numbers);
}

/**
 * Sets the bits of those numbers with `from <= number < below` among the first `words * 32`, and leaves the others as they are;
 * false when it can't, and nothing is written.
 */
export function kernelInRange(
  bits: Uint32Array,
  numbers: Float64Array,
  from: number,
  below: number,
  words: number,
): boolean {
  if (kernel === null || words === 0) return false;
  const [a, values] = [kernel.addressOf(bits), kernel.addressOf(numbers)];
  if (a < 0 || values < 0) return false;
  kernel.functions.inRange(a, values, from, below, words * 4);
  return true;
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
