/** A syntax tree without the places it was written at, for comparing two of them. */
export function withoutPos(node: unknown): unknown {
  if (Array.isArray(node)) {
    return node.map(withoutPos);
  }
  if (typeof node !== "object" || node === null) {
    return node;
  }
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== "pos")
      .map(([key, value]) => [key, withoutPos(value)]),
  );
}
