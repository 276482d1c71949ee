/** A JSON schema in a few lines that people read: `{name: string, score?: number}`, remarks above their lines. */

/** The parts of JSON Schema that the routes use. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
}

export function outline(schema: Schema, indent: string = ""): string {
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => outline(one, indent)).join(" | ");
  switch (schema.type) {
    case "object":
      return objectOutline(schema, indent);
    case "array":
      return `[${outline(schema.items ?? {}, indent)}, …]${bounds(schema)}`;
    case undefined:
      return "anything";
    default:
      return `${[schema.type].flat().join(" | ")}${bounds(schema)}`;
  }
}

function objectOutline({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).flatMap(([name, schema]) => [
    ...(schema.description === undefined ? [] : [`${inner}// ${schema.description}`]),
    `${inner}${name}${required.includes(name) ? "" : "?"}: ${outline(schema, inner)}`,
  ]);
  if (additionalProperties === true) {
    if (lines.length === 0) return "{…}";
    lines.push(`${inner}…`);
  }
  return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent}}`;
}

function bounds({ minimum, exclusiveMinimum, maximum, maxItems, maxLength, default: fallback }: Schema): string {
  const parts = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`over ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(fallback === undefined ? [] : [`default ${JSON.stringify(fallback)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
