/**
 * Puts the program and nearly all of its packages into a few files: `npm run build` runs it behind the compiler. Finding,
 * reading and linking each of the many that they come in was half of a server's start.
 *
 * All files lie in one folder, so that a thread's program is beside whichever file starts it. Source maps lead to the
 * sources: `NODE_OPTIONS=--enable-source-maps` shows places in them when an error is printed.
 */
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

await build({
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  input: { main: "cli/main.ts", worker: "processor/worker.ts" },
  platform: "node",
  // It starts threads on files of its own.
  external: ["piscina"],
  // Every thread would load its binary, which takes longer than it spares with records as small as ours.
  transform: { define: { "process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED": '"true"' } },
  output: {
    dir: "dist/cli",
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    sourcemap: true,
  },
});
