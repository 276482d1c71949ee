/** Values as predicates see them. */
import type { Json } from "../kernel/event.ts";

/** Undefined is missing; null counts as missing wherever a value is compared. Arrays and objects are no scalars. */
export type Value = Json | undefined;
export type Scalar = string | number | boolean;

export function isScalar(value: Value): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Follows own properties from a value; undefined where a step leads nowhere. */
export function follow(value: Value, steps: readonly string[], from: number): Value {
  let current = value;
  for (let i = from; i < steps.length; i++) {
    const step = steps[i];
    if (step === undefined || current === null || typeof current !== "object" || Array.isArray(current))
      return undefined;
    if (!Object.hasOwn(current, step)) return undefined;
    current = (current as { readonly [key: string]: Json })[step];
  }
  return current;
}
