/** What routes say about themselves for the OpenAPI document, beyond what the framework works with. */
import type { FastifySchema } from "fastify";
import type { TSchema } from "typebox";
import type { ErrorCode } from "./errors.ts";

/** A body that the route reads or writes by hand: it is described, and neither checked nor serialised by the framework. */
export interface DescribedBody {
  /** Default `application/json`. */
  readonly type?: string;
  readonly schema: TSchema;
  readonly description?: string;
}

declare module "fastify" {
  interface FastifySchema {
    /** One line. */
    summary?: string;
    /** More, in Markdown without headings. */
    description?: string;
    /** The part of the API that the route belongs to: the first one decides who may call and what else it answers. */
    tags?: readonly string[];
    /** Left out of the document. */
    hide?: boolean;
    takes?: DescribedBody;
    /** By status. What stands in `response` need not be repeated. */
    answers?: Readonly<Record<number, DescribedBody>>;
    /** Headers that the route reads: name and what it is for. */
    reads?: Readonly<Record<string, string>>;
    /** Beside those that every route of its part can answer. */
    errors?: readonly ErrorCode[];
  }
}

export type RouteDocs = Pick<
  FastifySchema,
  "summary" | "description" | "tags" | "hide" | "takes" | "answers" | "reads" | "errors"
>;
