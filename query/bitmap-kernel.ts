/**
 * Algebra over bitmaps 128 bits at a time: some 1,900 bytes of WebAssembly, made by scripts/make-bitmap-kernel.mjs, and
 * the memory that its operands must lie in. Whoever has no WebAssembly with SIMD and shared memory, or more bitmaps
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
  "AGFzbQEAAAABIwVgAn9/AX9gA39/fwF/YAR/f39/AGAEf39/fwBgBH9/f38AAhIBA2VudgZtZW1vcnkCAwGAgAQDBgUAAQIDBAcrBQVjb3Vu" +
  "dAAAC2NvdW50Q29tbW9uAAEDYW5kAAICb3IAAwZhbmROb3QABAroDQWXBAIBfxB7IAAgAWohAgNAIAD9AAQQIQ4gAP0ABAAhDSADIQwgDCAN" +
  "/VEhCyAMIA39TiALIA79Tv1QIQcgCyAO/VEhAyAA/QAEMCEOIAD9AAQgIQ0gAyEMIAwgDf1RIQsgDCAN/U4gCyAO/U79UCEIIAsgDv1RIQMg" +
  "CCEOIAchDSAEIQwgDCAN/VEhCyAMIA39TiALIA79Tv1QIQkgCyAO/VEhBCAA/QAEUCEOIAD9AARAIQ0gAyEMIAwgDf1RIQsgDCAN/U4gCyAO" +
  "/U79UCEHIAsgDv1RIQMgAP0ABHAhDiAA/QAEYCENIAMhDCAMIA39USELIAwgDf1OIAsgDv1O/VAhCCALIA79USEDIAghDiAHIQ0gBCEMIAwg" +
  "Df1RIQsgDCAN/U4gCyAO/U79UCEKIAsgDv1RIQQgCiEOIAkhDSAFIQwgDCAN/VEhCyAMIA39TiALIA79Tv1QIQYgCyAO/VEhBSASIAb9Yv19" +
  "/X/9rgEhEiAAQYABaiEAIAAgAkkNAAsgESAF/WL9ff1//a4BIREgECAE/WL9ff1//a4BIRAgDyAD/WL9ff1//a4BIQ8gEv0bACAS/RsBaiAS" +
  "/RsCIBL9GwNqakEDdCAR/RsAIBH9GwFqIBH9GwIgEf0bA2pqQQJ0aiAQ/RsAIBD9GwFqIBD9GwIgEP0bA2pqQQF0IA/9GwAgD/0bAWogD/0b" +
  "AiAP/RsDampqagvfBAIBfxB7IAAgAmohAwNAIAD9AAQQIAH9AAQQ/U4hDyAA/QAEACAB/QAEAP1OIQ4gBCENIA0gDv1RIQwgDSAO/U4gDCAP" +
  "/U79UCEIIAwgD/1RIQQgAP0ABDAgAf0ABDD9TiEPIAD9AAQgIAH9AAQg/U4hDiAEIQ0gDSAO/VEhDCANIA79TiAMIA/9Tv1QIQkgDCAP/VEh" +
  "BCAJIQ8gCCEOIAUhDSANIA79USEMIA0gDv1OIAwgD/1O/VAhCiAMIA/9USEFIAD9AARQIAH9AARQ/U4hDyAA/QAEQCAB/QAEQP1OIQ4gBCEN" +
  "IA0gDv1RIQwgDSAO/U4gDCAP/U79UCEIIAwgD/1RIQQgAP0ABHAgAf0ABHD9TiEPIAD9AARgIAH9AARg/U4hDiAEIQ0gDSAO/VEhDCANIA79" +
  "TiAMIA/9Tv1QIQkgDCAP/VEhBCAJIQ8gCCEOIAUhDSANIA79USEMIA0gDv1OIAwgD/1O/VAhCyAMIA/9USEFIAshDyAKIQ4gBiENIA0gDv1R" +
  "IQwgDSAO/U4gDCAP/U79UCEHIAwgD/1RIQYgEyAH/WL9ff1//a4BIRMgAUGAAWohASAAQYABaiEAIAAgA0kNAAsgEiAG/WL9ff1//a4BIRIg" +
  "ESAF/WL9ff1//a4BIREgECAE/WL9ff1//a4BIRAgE/0bACAT/RsBaiAT/RsCIBP9GwNqakEDdCAS/RsAIBL9GwFqIBL9GwIgEv0bA2pqQQJ0" +
  "aiAR/RsAIBH9GwFqIBH9GwIgEf0bA2pqQQF0IBD9GwAgEP0bAWogEP0bAiAQ/RsDampqagvNAQEBfyABIANqIQQDQCAAIAH9AAQAIAL9AAQA" +
  "/U79CwQAIAAgAf0ABBAgAv0ABBD9Tv0LBBAgACAB/QAEICAC/QAEIP1O/QsEICAAIAH9AAQwIAL9AAQw/U79CwQwIAAgAf0ABEAgAv0ABED9" +
  "Tv0LBEAgACAB/QAEUCAC/QAEUP1O/QsEUCAAIAH9AARgIAL9AARg/U79CwRgIAAgAf0ABHAgAv0ABHD9Tv0LBHAgAEGAAWohACACQYABaiEC" +
  "IAFBgAFqIQEgASAESQ0ACwvNAQEBfyABIANqIQQDQCAAIAH9AAQAIAL9AAQA/VD9CwQAIAAgAf0ABBAgAv0ABBD9UP0LBBAgACAB/QAEICAC" +
  "/QAEIP1Q/QsEICAAIAH9AAQwIAL9AAQw/VD9CwQwIAAgAf0ABEAgAv0ABED9UP0LBEAgACAB/QAEUCAC/QAEUP1Q/QsEUCAAIAH9AARgIAL9" +
  "AARg/VD9CwRgIAAgAf0ABHAgAv0ABHD9UP0LBHAgAEGAAWohACACQYABaiECIAFBgAFqIQEgASAESQ0ACwvNAQEBfyABIANqIQQDQCAAIAH9" +
  "AAQAIAL9AAQA/U/9CwQAIAAgAf0ABBAgAv0ABBD9T/0LBBAgACAB/QAEICAC/QAEIP1P/QsEICAAIAH9AAQwIAL9AAQw/U/9CwQwIAAgAf0A" +
  "BEAgAv0ABED9T/0LBEAgACAB/QAEUCAC/QAEUP1P/QsEUCAAIAH9AARgIAL9AARg/U/9CwRgIAAgAf0ABHAgAv0ABHD9T/0LBHAgAEGAAWoh" +
  "ACACQYABaiECIAFBgAFqIQEgASAESQ0ACws=";

interface Functions {
  count(a: number, bytes: number): number;
  countCommon(a: number, b: number, bytes: number): number;
  and(to: number, a: number, b: number, bytes: number): void;
  or(to: number, a: number, b: number, bytes: number): void;
  andNot(to: number, a: number, b: number, bytes: number): void;
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
  /** Where words begin that `allocate` gave; -1 for any others. */
  addressOf(words: Uint32Array): number;
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

  return {
    functions,
    addressOf: (words) => (buffers.has(words.buffer) ? words.byteOffset : -1),
    allocate(wanted) {
      const words = Math.ceil(wanted / BLOCK_WORDS) * BLOCK_WORDS;
      let at = free.get(words)?.pop();
      if (at === undefined) {
        if (!room(words * 4)) return null;
        at = end;
        end += words * 4;
      }
      const block = new Uint32Array(memory.buffer, at, words);
      block.fill(0);
      giveBack.register(block, { at, words });
      return block;
    },
  };
}

const kernel = createKernel();

/** Zeroed words, at least as many as asked for: where the kernel can reach them if it is worth it. */
export function newWords(words: number): Uint32Array {
  if (kernel === null || words < WORDS_MIN) return new Uint32Array(words);
  return kernel.allocate(words) ?? new Uint32Array(words);
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
