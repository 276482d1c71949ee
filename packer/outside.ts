/**
 * What the host does: all that is rare, or has rules that stand elsewhere. Texts are given by where they begin and end in
 * memory. Whoever is called may throw what `odd` does.
 */

/** Gives the body up: never returns. */
export declare function odd(): void;

/** The number that a text of JSON stands for. */
export declare function numberOf(from: usize, to: usize): f64;

/** The instant that a text between its quotes stands for, ms since 1970. */
export declare function instantOf(from: usize, to: usize): f64;

/** Whether an id names somebody. */
export declare function isIdOfSomebody(from: usize, to: usize, isUser: bool): bool;

/** Writes a new message id, a UUID of 36 characters. */
export declare function makeId(into: usize): void;

/** Checks an array or object of JSON and writes its nodes to `into` (nodes.ts); gives the place behind the last. */
export declare function writeNodes(from: usize, to: usize, into: usize): usize;
