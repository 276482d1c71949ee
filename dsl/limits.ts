/** The bounds of the language itself, whatever the installation. */

/** Parentheses, `not` and calls inside one another. */
export const MAX_NESTING = 100;
/** Arithmetic operators that may build on one another: `a + b + c` has two. */
export const MAX_OPERATORS = 1000;
/** Numbers beyond are not exact in a double. */
export const MAX_NUMBER = Number.MAX_SAFE_INTEGER;
/** Points beyond could not be summed exactly to six decimals. */
export const MAX_POINTS = 9e9;
/** The length of a regular expression: the time that one takes to match grows with it. */
export const MAX_PATTERN = 1000;
/** Ten thousand years of 365 days. */
export const MAX_DURATION_MS = 10_000 * 365 * 86_400_000;
