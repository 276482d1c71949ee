import { TagList } from "../../kernel/tag-list.ts";

/** Of a row that changes no tags. */
export const NO_TAGS = new TagList();

/** The list of some tags with micro points, for a row of a delta. */
export function tagList(tags: Iterable<readonly [name: string, points: number]>): TagList {
  const list = new TagList();
  for (const [name, points] of tags) {
    const bytes = Buffer.from(name);
    list.add(bytes, 0, bytes.length, points);
  }
  return list;
}

/** Of tags that are gone. */
export function goneList(tags: readonly string[]): TagList {
  return tagList(tags.map((name) => [name, 0]));
}
