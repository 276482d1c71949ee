/**
 * From a syntax tree to a model that may be compiled: every name exists once, every comparison can match, nothing
 * depends on itself, and all of it is live.
 */

import type {
  AutomationDecl,
  Declaration,
  Model,
  Operand,
  Predicate,
  RfmDecl,
  ScoreDecl,
  SegmentDecl,
  StaticSegmentDecl,
  TagDecl,
  TimezoneDecl,
  WebhookDecl,
} from "./ast.ts";
import { checkDeclaration } from "./check-declarations.ts";
import { collectNames, type Names } from "./check-names.ts";
import { dependencyOrder } from "./check-order.ts";
import { checkPredicateParts } from "./check-predicates.ts";
import { type Diagnostic, reporter, type Reporter } from "./diagnostic.ts";
import { refuseDead, refuseDeadPredicate } from "./live.ts";
import { nearest } from "./names.ts";
import { parseModel } from "./parse.ts";
import { UTC, type Zone, zoneOf } from "./timezone.ts";

/** A model without errors; declarations of one kind stay in the order written. */
export interface CheckedModel {
  readonly zone: Zone;
  readonly rfm: RfmDecl | null;
  readonly scores: readonly ScoreDecl[];
  readonly tags: readonly TagDecl[];
  /** In declared order, each with its condition where it has one. */
  readonly stages: readonly { readonly name: string; readonly when: Predicate | null }[];
  readonly segments: readonly CheckedSegment[];
  readonly statics: readonly StaticSegmentDecl[];
  readonly values: readonly { readonly name: string; readonly operand: Operand }[];
  readonly webhooks: readonly WebhookDecl[];
  readonly automations: readonly AutomationDecl[];
  /** `score`, `stages`, `segment:NAME`, `static:NAME`, `value:NAME`: each behind all that it reads. */
  readonly order: readonly string[];
}

export interface CheckedSegment {
  readonly name: string;
  readonly predicate: Predicate;
  readonly decl: SegmentDecl;
}

export interface CheckOptions {
  /** Accepts also the features that are not live yet. */
  readonly live?: "all";
}

/**
 * Checks a tree that was read without errors. The model is null where any diagnostic is an error; warnings come after
 * errors.
 */
export function checkModel(
  model: Model,
  options: CheckOptions = {},
): { diagnostics: Diagnostic[]; model: CheckedModel | null } {
  const problems = reporter();
  const { declarations } = model;
  const zone = checkZone(declarations, problems);
  const names = collectNames(declarations, problems);
  for (const declaration of declarations) {
    if (problems.isFull()) {
      break;
    }
    checkDeclaration({ names, problems }, declaration);
  }
  const order = dependencyOrder(declarations, names, problems);
  const dead = reporter();
  if (options.live !== "all") {
    refuseDead(declarations, dead);
  }
  const isSound = !problems.hasErrors() && !dead.hasErrors();
  return {
    diagnostics: inTurn(problems, dead),
    model: isSound ? gather(declarations, names, zone, order) : null,
  };
}

/** Checks a predicate that stands alone against the names of a model. */
export function checkPredicate(predicate: Predicate, against: CheckedModel, options: CheckOptions = {}): Diagnostic[] {
  const problems = reporter();
  checkPredicateParts({ names: namesOf(against), problems }, predicate);
  const dead = reporter();
  if (options.live !== "all") {
    refuseDeadPredicate(predicate, dead);
  }
  return inTurn(problems, dead);
}

/** What is wrong, then what is not live yet, then warnings. */
function inTurn(problems: Reporter, dead: Reporter): Diagnostic[] {
  const found = problems.list();
  const warnings = found.filter((d) => d.severity === "warning");
  return [...found.filter((d) => d.severity === "error"), ...dead.list(), ...warnings];
}

/** Reads and checks a model; one that can't be read is not checked. */
export function readModel(
  source: string,
  options: CheckOptions = {},
): { diagnostics: Diagnostic[]; model: CheckedModel | null } {
  const { model, diagnostics } = parseModel(source);
  return diagnostics.length > 0 ? { diagnostics, model: null } : checkModel(model, options);
}

function checkZone(declarations: readonly Declaration[], problems: Reporter): Zone {
  const declared = declarations.filter((d): d is TimezoneDecl => d.kind === "timezone");
  let zone: Zone | null = null;
  for (const { name } of declared) {
    const known = zoneOf(name.text);
    if (known === null) {
      problems.error(name.pos, `unknown timezone ${JSON.stringify(name.text)}`, zoneHint(name.text));
    }
    zone ??= known;
  }
  return zone ?? UTC;
}

/** Timezones are known by a city, and people write the city alone. */
function zoneHint(name: string): string {
  const all = Intl.supportedValuesOf("timeZone");
  const city = name.trim().replaceAll(" ", "_").toLowerCase();
  const whole = all.find((zone) => zone.toLowerCase().endsWith(`/${city}`)) ?? nearest(name, all);
  return whole === null ? 'such as "Europe/Rome"' : `did you mean "${whole}"?`;
}

function namesOf(model: CheckedModel): Names {
  const segments = new Map<string, "dynamic" | "static">();
  for (const { name } of model.segments) {
    segments.set(name, "dynamic");
  }
  for (const { name } of model.statics) {
    segments.set(name.text, "static");
  }
  return {
    segments,
    stages: new Set(model.stages.map((stage) => stage.name)),
    values: new Map(model.values.map(({ name, operand }) => [name, operand])),
    webhooks: new Set(model.webhooks.map((webhook) => webhook.name.text)),
    hasRfm: model.rfm !== null,
  };
}

function gather(
  declarations: readonly Declaration[],
  names: Names,
  zone: Zone,
  order: readonly string[],
): CheckedModel {
  const scores: ScoreDecl[] = [];
  const tags: TagDecl[] = [];
  const whens = new Map<string, Predicate>();
  const segments: CheckedSegment[] = [];
  const statics: StaticSegmentDecl[] = [];
  const values: { name: string; operand: Operand }[] = [];
  const webhooks: WebhookDecl[] = [];
  const automations: AutomationDecl[] = [];
  let rfm: RfmDecl | null = null;
  for (const d of declarations) {
    switch (d.kind) {
      case "score":
        scores.push(d);
        break;
      case "tag":
        tags.push(d);
        break;
      case "stage":
        whens.set(d.name.text, d.when);
        break;
      case "segment":
        segments.push({ name: d.name.text, predicate: d.predicate, decl: d });
        break;
      case "static segment":
        statics.push(d);
        break;
      case "value":
        values.push({ name: d.name.text, operand: d.operand });
        break;
      case "webhook":
        webhooks.push(d);
        break;
      case "automation":
        automations.push(d);
        break;
      case "rfm":
        rfm = d;
        break;
      case "timezone":
      case "stages":
        break;
    }
  }
  const stages = Array.from(names.stages, (name) => ({ name, when: whens.get(name) ?? null }));
  return { zone, rfm, scores, tags, stages, segments, statics, values, webhooks, automations, order };
}
