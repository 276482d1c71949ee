/** A contact's traits: for each key what the latest event that mentions it says. */
import type { Event, Json, JsonObject } from "../../kernel/event.ts";
import { compareEvents } from "./ordering.ts";
import type { Scene } from "./scene.ts";

/** Answers by scene: many predicates of a model ask the same. */
const known = new WeakMap<Scene, JsonObject>();

export function traitsOf(scene: Scene): JsonObject {
  const traits = known.get(scene) ?? collectTraits(scene.events);
  known.set(scene, traits);
  return traits;
}

/** A null is a write like any other, so an older value does not come back; it only leaves the key unset. */
function collectTraits(events: readonly Event[]): JsonObject {
  const traits = new Map<string, Json>();
  for (const event of [...events].sort(compareEvents)) {
    for (const [key, value] of Object.entries(event.traits)) traits.set(key, value);
  }
  return Object.fromEntries([...traits].filter(([, value]) => value !== null));
}
