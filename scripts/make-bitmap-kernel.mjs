/**
 * Makes the WebAssembly of query/bitmap-kernel.ts: `node scripts/make-bitmap-kernel.mjs` prints it as base64. This is its
 * source: eight functions over what lies in one shared memory. Pointers are multiples of 16, sizes are never 0; of those
 * over bitmaps alone, which go 128 bytes a turn, multiples of 128. `to` may be `a` or `b`.
 *
 *   count(a, bytes) -> i32             bits set
 *   countCommon(a, b, bytes) -> i32    bits set in both
 *   and, or, andNot(to, a, b, bytes)   to = a & b, a | b, a & ~b
 *   doublesInRange, bytesInRange, shortsInRange(a, numbers, from, to, bytes)
 *       sets a bit of the bitmap `a` for each of the numbers (doubles, unsigned bytes, signed 16 bits) with
 *       from <= number <= to, 32 of them for 4 bytes, and leaves the other bits as they are
 *
 * Counting adds eight vectors up bit by bit with carry-save adders before it counts any (Harley and Seal's way, as in
 * Muła, Kurz, Lemire: "Faster Population Counts Using AVX2 Instructions", 2018): one count for eight vectors.
 *
 * Numbers of instructions: WebAssembly Core Specification 2.0, "Binary Format".
 */
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const I32 = 0x7f;
const F64 = 0x7c;
const V128 = 0x7b;
const TURN_BYTES = 128;
const VECTOR_BYTES = 16;
const WORD_BYTES = 4;
const WORD_BITS = 32;
/** Memory is read in units of 2^4 bytes. */
const ALIGN = 4;

const get = (local) => ["get", local];
const set = (local, value) => [...value, ["set", local]];
const simd = (number, ...operands) => [...operands.flat(), ["simd", number]];

const and = (x, y) => simd(0x4e, x, y);
const andNot = (x, y) => simd(0x4f, x, y);
const or = (x, y) => simd(0x50, x, y);
const xor = (x, y) => simd(0x51, x, y);
const popcount8 = (x) => simd(0x62, x);
const pairs8to16 = (x) => simd(0x7d, x);
const pairs16to32 = (x) => simd(0x7f, x);
const add32x4 = (x, y) => simd(0xae, x, y);
const local = (name) => [get(name)];
const load = (pointer, offset) => [get(pointer), ["load", offset]];
const store = (pointer, offset, value) => [get(pointer), ...value, ["store", offset]];
const lane = (name, n) => [get(name), ["lane", n]];
const i32 = (n) => [["i32", n]];
const add = (x, y) => [...x, ...y, ["add"]];
const orI32 = (x, y) => [...x, ...y, ["or"]];
const loadI32 = (pointer) => [get(pointer), ["load i32"]];
const storeI32 = (pointer, value) => [get(pointer), ...value, ["store i32"]];
const shiftLeft = (x, n) => [...x, ...i32(n), ["shl"]];
const step = (pointer, bytes = TURN_BYTES) => set(pointer, add(local(pointer), i32(bytes)));

/** high, low = the two bits of x + y + z, in every bit of the vectors. */
function carrySave(high, low, x, y, z) {
  return [
    ...set("z", z),
    ...set("y", y),
    ...set("x", x),
    ...set("u", xor(local("x"), local("y"))),
    ...set(high, or(and(local("x"), local("y")), and(local("u"), local("z")))),
    ...set(low, xor(local("u"), local("z"))),
  ];
}

/** `body` for every `turnBytes` of `a`. */
function eachTurn(body, turnBytes = TURN_BYTES) {
  return [
    ...set("end", add(local("a"), local("bytes"))),
    ["loop"],
    ...body,
    ...step("a", turnBytes),
    ...local("a"),
    ...local("end"),
    ["less"],
    ["again"],
    ["end"],
  ];
}

function addCount(sum, counted) {
  return set(sum, add32x4(local(sum), pairs16to32(pairs8to16(popcount8(counted)))));
}

function total(sum) {
  return add(add(lane(sum, 0), lane(sum, 1)), add(lane(sum, 2), lane(sum, 3)));
}

function counting(name, params, vectorAt, steps) {
  const x = (n) => vectorAt(n * VECTOR_BYTES);
  const body = eachTurn([
    ...carrySave("twosA", "ones", local("ones"), x(0), x(1)),
    ...carrySave("twosB", "ones", local("ones"), x(2), x(3)),
    ...carrySave("foursA", "twos", local("twos"), local("twosA"), local("twosB")),
    ...carrySave("twosA", "ones", local("ones"), x(4), x(5)),
    ...carrySave("twosB", "ones", local("ones"), x(6), x(7)),
    ...carrySave("foursB", "twos", local("twos"), local("twosA"), local("twosB")),
    ...carrySave("eights", "fours", local("fours"), local("foursA"), local("foursB")),
    ...addCount("sumEights", local("eights")),
    ...steps,
  ]);
  const rest = ["Fours", "Twos", "Ones"].flatMap((of) => addCount(`sum${of}`, local(of.toLowerCase())));
  const eights = shiftLeft(total("sumEights"), 3);
  const fours = shiftLeft(total("sumFours"), 2);
  const twos = shiftLeft(total("sumTwos"), 1);
  const result = add(add(eights, fours), add(twos, total("sumOnes")));
  const vectors = ["ones", "twos", "fours", "eights", "twosA", "twosB", "foursA", "foursB", "u", "x", "y", "z"];
  const sums = ["sumOnes", "sumTwos", "sumFours", "sumEights"];
  return { name, params, results: [I32], vectors: [...vectors, ...sums], body: [...body, ...rest, ...result] };
}

function combining(name, operation) {
  const turns = Array.from({ length: TURN_BYTES / VECTOR_BYTES }, (_, n) => n * VECTOR_BYTES);
  const body = eachTurn([
    ...turns.flatMap((offset) => store("to", offset, operation(load("a", offset), load("b", offset)))),
    ...step("to"),
    ...step("b"),
  ]);
  return { name, params: ["to", "a", "b", "bytes"], results: [], vectors: [], body };
}

/** `lanes` numbers in a vector; `number` is the type of the bounds. */
function inRange(name, number, lanes, { splat, notLess, notGreater, bitmask }) {
  const vectors = Array.from({ length: WORD_BITS / lanes }, (_, n) => n);
  const body = eachTurn(
    [
      ...set("bits", loadI32("a")),
      ...vectors.flatMap((n) => {
        const numbers = set("x", load("numbers", n * VECTOR_BYTES));
        const inside = and(simd(notLess, local("x"), local("lower")), simd(notGreater, local("x"), local("upper")));
        return [...numbers, ...set("bits", orI32(local("bits"), shiftLeft(simd(bitmask, inside), n * lanes)))];
      }),
      ...storeI32("a", local("bits")),
      ...step("numbers", vectors.length * VECTOR_BYTES),
    ],
    WORD_BYTES,
  );
  const bounds = [...set("lower", simd(splat, local("from"))), ...set("upper", simd(splat, local("to")))];
  return {
    name,
    params: ["a", "numbers", "from", "to", "bytes"],
    types: { from: number, to: number },
    results: [],
    integers: ["bits"],
    vectors: ["lower", "upper", "x"],
    body: [...bounds, ...body],
  };
}

const FUNCTIONS = [
  counting("count", ["a", "bytes"], (offset) => load("a", offset), []),
  counting("countCommon", ["a", "b", "bytes"], (offset) => and(load("a", offset), load("b", offset)), step("b")),
  combining("and", and),
  combining("or", or),
  combining("andNot", andNot),
  inRange("doublesInRange", F64, 2, { splat: 0x14, notLess: 0x4c, notGreater: 0x4b, bitmask: 0xc4 }),
  inRange("bytesInRange", I32, 16, { splat: 0x0f, notLess: 0x2c, notGreater: 0x2a, bitmask: 0x64 }),
  inRange("shortsInRange", I32, 8, { splat: 0x10, notLess: 0x35, notGreater: 0x33, bitmask: 0x84 }),
];

/** The bytes of the module. */
export function makeKernel() {
  const signatures = FUNCTIONS.map(({ params, types = {}, results }) => [
    0x60,
    ...vector(params.map((name) => types[name] ?? I32)),
    ...vector(results),
  ]);
  const memory = [...text("env"), ...text("memory"), 0x02, 0x03, ...unsigned(1), ...unsigned(65_536)];
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(1, signatures),
    ...section(2, [memory]),
    ...section(
      3,
      FUNCTIONS.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      FUNCTIONS.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, FUNCTIONS.map(codeOf)),
  ]);
}

function codeOf({ params, integers = [], vectors, body }) {
  const names = [...params, "end", ...integers, ...vectors];
  const locals = [[...unsigned(1 + integers.length), I32]];
  if (vectors.length > 0) locals.push([...unsigned(vectors.length), V128]);
  return sized([...unsigned(locals.length), ...locals.flat(), ...body.flatMap((one) => encode(one, names)), 0x0b]);
}

function encode([kind, argument], names) {
  switch (kind) {
    case "get":
      return [0x20, ...unsigned(placeOf(argument, names))];
    case "set":
      return [0x21, ...unsigned(placeOf(argument, names))];
    case "load":
      return [0xfd, 0x00, ALIGN, ...unsigned(argument)];
    case "store":
      return [0xfd, 0x0b, ALIGN, ...unsigned(argument)];
    case "simd":
      return [0xfd, ...unsigned(argument)];
    case "lane":
      return [0xfd, 0x1b, argument];
    case "i32":
      return [0x41, ...signed(argument)];
    case "load i32":
      return [0x28, 2, 0];
    case "store i32":
      return [0x36, 2, 0];
    case "or":
      return [0x72];
    case "add":
      return [0x6a];
    case "shl":
      return [0x74];
    case "less":
      return [0x49];
    case "loop":
      return [0x03, 0x40];
    case "again":
      return [0x0d, 0x00];
    case "end":
      return [0x0b];
    default:
      throw new Error(`the instruction ${kind} is not known`);
  }
}

function placeOf(name, names) {
  const place = names.indexOf(name);
  if (place < 0) throw new Error(`there is no local ${name}`);
  return place;
}

/** LEB128. */
function unsigned(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function signed(value) {
  const bytes = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}

function sized(bytes) {
  return [...unsigned(bytes.length), ...bytes];
}

function vector(items) {
  return [...unsigned(items.length), ...items];
}

function text(value) {
  return sized([...Buffer.from(value)]);
}

function section(number, items) {
  return [number, ...sized([...unsigned(items.length), ...items.flat()])];
}

if (argv[1] === fileURLToPath(import.meta.url)) console.log(Buffer.from(makeKernel()).toString("base64"));
