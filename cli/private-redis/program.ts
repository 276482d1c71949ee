/** Finds the server program that the private store runs on. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const PROGRAMS = ["redis-server", "valkey-server"] as const;

export class NoRedisProgram extends Error {
  constructor() {
    super(
      `There is no ${PROGRAMS.join(" or ")} on the PATH, and REDIS_URL is not set.\n` +
        "Run `npm run setup` to install one, or name a running one: REDIS_URL=redis://HOST:PORT",
    );
    this.name = "NoRedisProgram";
  }
}

/** The first of the known programs on `path` (a PATH). Throws `NoRedisProgram`. */
export function findRedisProgram(path: string): string {
  for (const program of PROGRAMS) {
    for (const folder of path.split(delimiter)) {
      const candidate = join(folder, program);
      if (folder !== "" && isExecutable(candidate)) return candidate;
    }
  }
  throw new NoRedisProgram();
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
