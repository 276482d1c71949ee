/**
 * How long an answer stays true. Whatever computes a value or a truth at an instant t leaves here the earliest later
 * instant at which it may be another one though nothing happens to the contact; Infinity when time alone can't
 * change it. Kept outside the return value because it is written some hundred times per event.
 */
export const horizon = { at: Infinity };
