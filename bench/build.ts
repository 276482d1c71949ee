/** The build that is measured, not the sources: the program as users run it, or one of the modules that it is made of. */
import path from "node:path";
import { pathToFileURL } from "node:url";

/** `dist`, or the folder that BENCH_DIST names: two builds can be compared that way. */
export const BUILD = path.resolve(import.meta.dirname, "..", process.env["BENCH_DIST"] ?? "dist");

/** A module of the build by its place in the sources, such as `kernel/entry.ts`. The program itself is made of the same. */
export async function fromBuild<T>(source: string): Promise<T> {
  const file = path.join(BUILD, "modules", source.replace(/\.ts$/, ".js"));
  return (await import(pathToFileURL(file).href)) as T;
}
