/** One contact as seen at one instant: all that an evaluation may look at. None lives longer than one question. */
import type { ScoreDecl, SegmentDecl, StageDecl, TagDecl, ValueDecl } from "../../dsl/ast.ts";
import type { Event } from "../../kernel/event.ts";
import type { Setting } from "./values.ts";

/** The declarations of a model, sorted by kind. */
export interface Rules extends Setting {
  readonly scores: readonly ScoreDecl[];
  readonly tags: readonly TagDecl[];
  readonly whens: readonly StageDecl[];
  readonly segments: readonly SegmentDecl[];
  readonly values: readonly ValueDecl[];
}

export interface Scene {
  readonly rules: Rules;
  readonly contactId: string;
  /** Every accepted event of the contact, in any order. */
  readonly events: readonly Event[];
  /** The instant t. */
  readonly at: number;
  readonly stage: string | null;
}
