/** The fake shard, but an event named `Crash` ends the worker thread unless the file named by CRASH_MARKER is there. */
import { existsSync, writeFileSync } from "node:fs";
import type { Shard, ShardOptions, ShardStart } from "../../processor/state-machine.ts";
import { createShard as createFake } from "./fake-shard.ts";

export function createShard(options: ShardOptions, start?: ShardStart): Shard {
  const shard = createFake(options, start);
  const step = shard.step.bind(shard);
  shard.step = (input, emit) => {
    const marker = process.env["CRASH_MARKER"] ?? "";
    for (const entry of input.entries) {
      if (entry.kind !== "events" || existsSync(marker)) continue;
      const { names, count } = entry.events;
      for (let i = 0; i < count; i++) {
        const name = names[i] ?? 0;
        if (name === 0 || entry.events.string(name - 1) !== "Crash") continue;
        writeFileSync(marker, "");
        process.exit(1);
      }
    }
    return step(input, emit);
  };
  return shard;
}
