/** Operands of predicates, compiled to functions of a contact and an instant. */
import { nameOf } from "../contact/names.ts";
import { tagPoints } from "../contact/tags.ts";
import { topTag } from "../contact/top-tag.ts";
import { fromMicros } from "../../kernel/decimal.ts";
import { percentOf } from "../../kernel/percent.ts";
import type { Binary, ComparisonOf, Fact, Literal, Operand, Path } from "../ast.ts";
import type { Contact } from "../contact/contact.ts";
import { follow } from "../value.ts";
import { compileAggregate, type CompiledAggregate, type Read } from "./aggregate.ts";
import type { PlanBuilder, Reads } from "./builder.ts";
import { daysToAnniversary } from "../calendar.ts";
import { momentOf, startOf } from "./compare.ts";
import { addEdges, noEdges, type Edges } from "./edges.ts";
import { horizon } from "./horizon.ts";

/** `moment`: ms since 1970. `stage`: the number of a stage's place in the model's order. */
export type OperandType = "moment" | "stage" | "scalar";

export interface CompiledOperand {
  readonly type: OperandType;
  readonly read: Read;
  readonly window: CompiledAggregate["window"];
  /** Set where the value counts days down: as `read`, but how long the value holds leaves the midnights out. */
  readonly countdown?: (contact: Contact, t: number) => number | undefined;
}

/** Where names of the model lead while it is compiled. */
export interface Names {
  /** What a declared value stands for. */
  readonly value: (name: string) => Operand;
  readonly segmentId: (name: string) => number;
  /** The place of each stage in the declared order, by stage id and by name. */
  readonly stageOrderById: ReadonlyMap<number, number>;
  readonly stageOrderByName: ReadonlyMap<string, number>;
}

/** `cap`: see `compileAggregate`. */
export function compileOperand(
  operand: Operand,
  builder: PlanBuilder,
  reads: Reads,
  names: Names,
  cap: number | null = null,
): CompiledOperand {
  switch (operand.kind) {
    case "string":
    case "number":
    case "boolean":
      return constant(operand.value, "scalar");
    case "date":
      return constant(startOf(operand, builder.zone), "moment");
    case "binary":
      return compileArithmetic(operand, builder, reads, names);
    default:
      return compileFact(operand, builder, reads, names, cap);
  }
}

function constant(value: string | number | boolean, type: OperandType): CompiledOperand {
  const read: Read = () => {
    horizon.at = Infinity;
    return value;
  };
  return { type, read, window: null };
}

function timeless(type: OperandType, value: (contact: Contact) => ReturnType<Read>): CompiledOperand {
  const read: Read = (contact) => {
    horizon.at = Infinity;
    return value(contact);
  };
  return { type, read, window: null };
}

function compileFact(
  fact: Fact,
  builder: PlanBuilder,
  reads: Reads,
  names: Names,
  cap: number | null,
): CompiledOperand {
  switch (fact.kind) {
    case "trait":
      return compileTrait(fact.path, reads);
    case "score":
      reads.score.always = true;
      return scoreOperand();
    case "stage":
      reads.stage = true;
      return timeless("stage", (contact) => names.stageOrderById.get(contact.stage));
    case "top_tag":
      reads.topTag = true;
      return timeless("scalar", topTag);
    case "tag":
      edgesOfTag(reads, fact.name.text).always = true;
      return tagOperand(fact.name.text);
    case "first_seen":
      reads.firstSeen = true;
      return timeless("moment", (contact) => contact.firstSeen);
    case "last_seen":
      reads.lastSeen = true;
      return timeless("moment", (contact) => contact.lastSeen);
    case "aggregate": {
      const compiled = compileAggregate(fact.function, fact.selector, builder, reads, cap);
      const moment = (fact.function === "first" || fact.function === "last") && fact.selector.path === null;
      return { type: moment ? "moment" : "scalar", ...compiled };
    }
    case "value":
      return compileOperand(names.value(fact.name.text), builder, reads, names);
    case "percent": {
      const salt = fact.salt.text;
      reads.id = true;
      return timeless("scalar", (contact) => percentOf(salt, contact.id));
    }
    case "days_to_anniversary":
      return compileAnniversary(compileOperand(fact.operand, builder, reads, names), builder);
    default:
      throw new Error(`the checker let a fact pass that is not live: ${fact.kind}`);
  }
}

function scoreOperand(): CompiledOperand {
  return timeless("scalar", (contact) => fromMicros(contact.score));
}

function tagOperand(tag: string): CompiledOperand {
  const name = nameOf(tag);
  return timeless("scalar", (contact) => fromMicros(tagPoints(contact, name) ?? 0));
}

function edgesOfTag(reads: Reads, tag: string): Edges {
  let edges = reads.tags.get(tag);
  if (edges === undefined) reads.tags.set(tag, (edges = noEdges()));
  return edges;
}

/** As `compileOperand`, where the operand is only compared with what is fixed in the model. */
export function compileCompared(
  operand: Operand,
  comparison: ComparisonOf<Literal>,
  builder: PlanBuilder,
  reads: Reads,
  names: Names,
  cap: number | null,
): CompiledOperand {
  switch (operand.kind) {
    case "value":
      return compileCompared(names.value(operand.name.text), comparison, builder, reads, names, cap);
    case "score":
      addEdges(reads.score, comparison);
      return scoreOperand();
    case "tag":
      addEdges(edgesOfTag(reads, operand.name.text), comparison);
      return tagOperand(operand.name.text);
    default:
      return compileOperand(operand, builder, reads, names, cap);
  }
}

/** Numbers only, in doubles; anything else, and a division by zero, makes the result missing. */
function compileArithmetic(operand: Binary, builder: PlanBuilder, reads: Reads, names: Names): CompiledOperand {
  const left = compileOperand(operand.left, builder, reads, names);
  const right = compileOperand(operand.right, builder, reads, names);
  const read: Read = (contact, t) => {
    const a = left.read(contact, t);
    const until = horizon.at;
    const b = right.read(contact, t);
    if (until < horizon.at) horizon.at = until;
    if (typeof a !== "number" || typeof b !== "number") return undefined;
    const result = calculate(operand.operator, a, b);
    return Number.isFinite(result) ? result : undefined;
  };
  return { type: "scalar", read, window: null };
}

function calculate(operator: Binary["operator"], a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0 ? NaN : a / b;
  }
}

/** Midnights from t to the next day with the month and day of a moment; 29 February is the 28th in other years. */
function compileAnniversary(operand: CompiledOperand, { zone }: PlanBuilder): CompiledOperand {
  const countdown = (contact: Contact, t: number): number | undefined => {
    const moment = momentOf(operand.read(contact, t), zone);
    const date = moment === null ? null : zone.dateOf(Math.floor(moment));
    return date === null ? undefined : daysToAnniversary(date, zone.dayOf(t));
  };
  const read: Read = (contact, t) => {
    const days = countdown(contact, t);
    if (days !== undefined) horizon.at = Math.min(horizon.at, zone.nextStartOf("day", t));
    return days;
  };
  return { type: "scalar", read, window: null, countdown };
}

function compileTrait(path: Path, reads: Reads): CompiledOperand {
  const steps = path.parts.map((part) => part.name);
  const key = steps[0] ?? "";
  const keyBytes = Buffer.from(key);
  reads.traits.add(key);
  return timeless("scalar", (contact) => follow(contact.trait(key, keyBytes), steps, 1));
}
