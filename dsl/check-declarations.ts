/** Checks of declarations, one by one; what they need from one another is in `check-names` and `check-order`. */

import type { Action, AutomationDecl, Declaration, Duration, ScoreOn, SignedNumber, WebhookDecl } from "./ast.ts";
import { checkDuration, checkEvent, checkSelector, refuseElements } from "./check-events.ts";
import { type Checking, knowSegment, knowStage, knowWebhook, refuseEmptyName } from "./check-names.ts";
import { checkOperand, checkPredicateParts } from "./check-predicates.ts";
import type { Reporter } from "./diagnostic.ts";
import { MAX_POINTS } from "./limits.ts";
import { printNumber } from "./print.ts";

export function checkDeclaration(checking: Checking, d: Declaration): void {
  const { problems } = checking;
  switch (d.kind) {
    case "timezone":
    case "stages":
      // The names and the zone are looked at where they are collected.
      return;
    case "rfm":
      checkSelector(checking, d.selector, "needed", "rfm");
      return;
    case "score":
      checkPoints(problems, d.points);
      if (d.rule.kind === "while") {
        checkPredicateParts(checking, d.rule.predicate);
      } else {
        checkScoreOn(problems, d.rule);
      }
      return;
    case "tag":
      if (d.name.prefix !== null && d.name.path === null) {
        refuseEmptyName(problems, "tag", d.name.prefix);
      }
      if (d.points !== null) {
        checkPoints(problems, d.points);
      }
      checkEvent(problems, d.event);
      checkOptional(problems, d.for);
      return;
    case "stage":
      knowStage(checking, d.name);
      checkPredicateParts(checking, d.when);
      return;
    case "segment":
      checkPredicateParts(checking, d.predicate);
      return;
    case "static segment":
      if (d.predicate !== null) {
        checkPredicateParts(checking, d.predicate);
      }
      return;
    case "value":
      checkOperand(checking, d.operand);
      return;
    case "webhook":
      checkAddress(problems, d);
      return;
    case "automation":
      checkAutomation(checking, d);
      return;
  }
}

function checkScoreOn(problems: Reporter, rule: ScoreOn): void {
  checkEvent(problems, rule.event);
  if (rule.unless !== null) {
    checkEvent(problems, rule.unless.event);
    checkDuration(problems, rule.unless.within);
    if (rule.unless.matching !== null) {
      refuseElements(problems, rule.unless.matching, '"matching"');
    }
  }
  checkOptional(problems, rule.for);
}

function checkOptional(problems: Reporter, duration: Duration | null): void {
  if (duration !== null) {
    checkDuration(problems, duration);
  }
}

/** Points are exact to six decimals. */
function checkPoints(problems: Reporter, { value, pos }: SignedNumber): void {
  if (Math.abs(value) > MAX_POINTS) {
    problems.error(pos, `these points are out of range, which ends at ${MAX_POINTS}`);
    return;
  }
  const kept = (Math.sign(value) * Math.floor(Math.abs(value) * 1e6 + 0.5)) / 1e6;
  if (kept !== value) {
    problems.warning(pos, `points are kept to six decimals: this becomes ${printNumber(kept)}`);
  }
}

function checkAddress(problems: Reporter, { url }: WebhookDecl): void {
  const parsed = URL.canParse(url.text) ? new URL(url.text) : null;
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) {
    const hint = "such as https://crm.example/hooks/sluice";
    problems.error(url.pos, "the address of a webhook begins with https:// or http://", hint);
  }
}

function checkAutomation(checking: Checking, d: AutomationDecl): void {
  switch (d.trigger.kind) {
    case "enter":
    case "leave":
      knowSegment(checking, d.trigger.segment);
      break;
    case "event":
      checkEvent(checking.problems, d.trigger.event);
      break;
    case "score reaches":
      break;
  }
  if (d.if !== null) {
    checkPredicateParts(checking, d.if);
  }
  if (d.once !== null) {
    checkOptional(checking.problems, d.once.per);
  }
  for (const action of d.actions) {
    checkAction(checking, action);
  }
}

function checkAction(checking: Checking, action: Action): void {
  const { names, problems } = checking;
  switch (action.kind) {
    case "webhook":
      knowWebhook(checking, action.name);
      return;
    case "tag":
      refuseEmptyName(problems, "tag", action.name);
      if (action.points !== null) {
        checkPoints(problems, action.points);
      }
      return;
    case "untag":
      refuseEmptyName(problems, "tag", action.name);
      return;
    case "score":
      checkPoints(problems, action.points);
      return;
    case "stage":
      knowStage(checking, action.name);
      return;
    case "add to":
    case "remove from":
      if (knowSegment(checking, action.name) && names.segments.get(action.name.text) === "dynamic") {
        const message = `members of the dynamic segment ${JSON.stringify(action.name.text)} follow its condition`;
        problems.error(action.name.pos, message, "only static segments take members from actions");
      }
      return;
  }
}
