#!/usr/bin/env node
/** The command `sluice`. */
import { run } from "./program.ts";

// Whoever reads the output may have had enough of it, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), { stdin: process.stdin, out: process.stdout, err: process.stderr });
