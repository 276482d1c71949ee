/**
 * Compiles packer/ and writes ingest/packer-code.ts: `node scripts/make-packer.mjs`, whenever a source there has changed. A
 * test compares the two.
 */
import { writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";

const root = fileURLToPath(new URL("..", import.meta.url));
const CHARS_A_LINE = 116;
/** Sizes of functions, in the optimizer's units, up to which a call is replaced by what is called: always, and where it is hot. */
const INLINED_ALWAYS = 60;
const INLINED_MAX = 120;

/** The WebAssembly as bytes. Throws what the compiler says when it finds a mistake. */
export async function makePacker() {
  const made = new Map();
  let said = "";
  const { error } = await compile(
    [
      "packer/main.ts",
      "--baseDir",
      root,
      "-O3",
      "--noAssert",
      "--runtime",
      "stub",
      "--enable",
      "simd",
      "--uncheckedBehavior",
      "always",
      // Places of memory in integers of 32 bits: it is never compiled for 64.
      "--disableWarning",
      "201",
      "--outFile",
      "packer.wasm",
    ],
    {
      writeFile: (name, contents) => void made.set(name, contents),
      stderr: { write: (text) => void (said += text) },
    },
  );
  if (error !== null) throw new Error(`packer/ could not be compiled:\n${said}`);
  return inlined(made.get("packer.wasm"));
}

/** Small functions inlined: the compiler does so only with tiny ones, and a quarter of the time goes to calls. */
function inlined(code) {
  const module = binaryen.readBinary(code);
  const { MVP, BulkMemory, BulkMemoryOpt, MutableGlobals, NontrappingFPToInt, SignExt, SIMD128 } = binaryen.Features;
  module.setFeatures(MVP | BulkMemory | BulkMemoryOpt | MutableGlobals | NontrappingFPToInt | SignExt | SIMD128);
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setAlwaysInlineMaxSize(INLINED_ALWAYS);
  binaryen.setFlexibleInlineMaxSize(INLINED_MAX);
  module.optimize();
  const made = module.emitBinary();
  module.dispose();
  return made;
}

/** A module that holds it. */
export function moduleOf(code) {
  const lines = Buffer.from(code)
    .toString("base64")
    .match(new RegExp(`.{1,${CHARS_A_LINE}}`, "g"));
  const text = lines.map((line) => `  "${line}"`).join(" +\n");
  return `/** Made of packer/ by scripts/make-packer.mjs; as base64. */\nexport const PACKER_CODE =\n${text};\n`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL("../ingest/packer-code.ts", import.meta.url), moduleOf(await makePacker()));
}
