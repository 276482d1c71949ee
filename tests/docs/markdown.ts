/** The fenced blocks of a Markdown text. */

export interface Block {
  /** What stands behind the opening fence, such as `sluice wrong`. */
  readonly kind: string;
  /** Without the fences. */
  readonly text: string;
  /** Of the first line of `text`, from 1. */
  readonly line: number;
}

/** Throws where a fence is not closed. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { kind: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (!line.startsWith("```")) {
      open?.lines.push(line);
    } else if (open === null) {
      open = { kind: line.slice(3).trim(), line: index + 2, lines: [] };
    } else {
      blocks.push({ kind: open.kind, text: open.lines.join("\n"), line: open.line });
      open = null;
    }
  }
  if (open !== null) throw new Error(`the block at line ${open.line} is not closed`);
  return blocks;
}
