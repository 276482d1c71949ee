/** The names that a model declares, and the complaints about names that are declared twice or not at all. */

import type { Declaration, Name, Operand } from "./ast.ts";
import type { Reporter } from "./diagnostic.ts";
import { didYouMean } from "./names.ts";

export interface Names {
  /** Dynamic and static segments share their names. */
  readonly segments: ReadonlyMap<string, "dynamic" | "static">;
  /** In declared order. */
  readonly stages: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, Operand>;
  readonly webhooks: ReadonlySet<string>;
  readonly hasRfm: boolean;
}

/** What everything that is checked is checked with. */
export interface Checking {
  readonly names: Names;
  readonly problems: Reporter;
}

/** Collects the names of a model; reports the empty ones and the second of two equal ones. */
export function collectNames(declarations: readonly Declaration[], problems: Reporter): Names {
  const segments = new Map<string, "dynamic" | "static">();
  const stages = new Set<string>();
  const values = new Map<string, Operand>();
  const webhooks = new Set<string>();
  let hasRfm = false;
  const claim = claims(problems);

  for (const d of declarations) {
    switch (d.kind) {
      case "timezone":
        claim("timezone", d.pos, "the timezone");
        break;
      case "rfm":
        claim("rfm", d.pos, "rfm");
        hasRfm = true;
        break;
      case "stages":
        claim("stages", d.pos, 'the list of "stages"');
        for (const name of d.names) {
          if (claimName(claim, "stage", name, problems)) {
            stages.add(name.text);
          }
        }
        break;
      case "stage":
        claim(`when:${d.name.text}`, d.name.pos, `the "when" of stage ${JSON.stringify(d.name.text)}`);
        break;
      case "segment":
      case "static segment":
        if (claimName(claim, "segment", d.name, problems)) {
          segments.set(d.name.text, d.kind === "segment" ? "dynamic" : "static");
        }
        break;
      case "value":
        if (claimName(claim, "value", d.name, problems)) {
          values.set(d.name.text, d.operand);
        }
        break;
      case "webhook":
        if (claimName(claim, "webhook", d.name, problems)) {
          webhooks.add(d.name.text);
        }
        break;
      case "score":
      case "tag":
      case "automation":
        break;
    }
  }
  return { segments, stages, values, webhooks, hasRfm };
}

type Claim = (key: string, pos: Name["pos"], what: string) => boolean;

/** Remembers what has been declared where; false, and an error, for the second time. */
function claims(problems: Reporter): Claim {
  const first = new Map<string, Name["pos"]>();
  return (key, pos, what) => {
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, pos);
      return true;
    }
    problems.error(pos, `${what} is already declared in line ${before.line}, column ${before.column}`);
    return false;
  };
}

function claimName(claim: Claim, kind: string, name: Name, problems: Reporter): boolean {
  refuseEmptyName(problems, kind, name);
  return claim(`${kind}:${name.text}`, name.pos, `${kind} ${JSON.stringify(name.text)}`);
}

export function refuseEmptyName(problems: Reporter, kind: string, name: Name): void {
  if (name.text === "") {
    problems.error(name.pos, `the name of a ${kind} can't be empty`);
  }
}

export function knowSegment({ names, problems }: Checking, name: Name): boolean {
  return know(problems, "segment", name, names.segments.has(name.text), names.segments.keys());
}

export function knowStage({ names, problems }: Checking, name: Name): boolean {
  const hint =
    names.stages.size === 0 ? `declare the stages in their order: stages ${JSON.stringify(name.text)}` : null;
  return know(problems, "stage", name, names.stages.has(name.text), names.stages, hint);
}

export function knowValue({ names, problems }: Checking, name: Name): boolean {
  return know(problems, "value", name, names.values.has(name.text), names.values.keys());
}

export function knowWebhook({ names, problems }: Checking, name: Name): boolean {
  return know(problems, "webhook", name, names.webhooks.has(name.text), names.webhooks);
}

function know(
  problems: Reporter,
  kind: string,
  name: Name,
  known: boolean,
  candidates: Iterable<string>,
  hint: string | null = null,
): boolean {
  if (!known && !problems.isFull()) {
    const message = `unknown ${kind} ${JSON.stringify(name.text)}`;
    problems.error(name.pos, message, hint ?? didYouMean(name.text, candidates));
  }
  return known;
}
