import { relative } from "node:path";

/** A path for people: as short as it is still clear where it lies. */
export function shownPath(path: string): string {
  const near = relative("", path);
  return near === "" || near.startsWith("..") ? path : near;
}
