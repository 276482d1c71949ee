/** Every failure of a request as API.md's error body. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Diagnostic } from "../dsl/diagnostic.ts";
import { SluiceError, type ErrorCode } from "../kernel/errors.ts";
import { isRedisTrouble } from "../kernel/redis.ts";

/** A model or predicate that was refused: the diagnostics stand beside the error in the body. */
export class DiagnosedError extends SluiceError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[]) {
    super("invalid_model", message);
    this.name = "DiagnosedError";
    this.diagnostics = diagnostics;
  }

  override toBody(): ReturnType<SluiceError["toBody"]> & { diagnostics: readonly Diagnostic[] } {
    return { ...super.toBody(), diagnostics: this.diagnostics };
  }
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof SluiceError ? error : fromFramework(error, request);
  if (known.code === "internal") request.log.error({ reqId: request.id, err: error }, "a request failed");
  if (known.code === "unauthorized" && !reply.hasHeader("www-authenticate")) reply.header("www-authenticate", "Bearer");
  if (known.retryAfterSeconds !== null) reply.header("retry-after", String(known.retryAfterSeconds));
  return reply.code(known.status).header("content-type", "application/json; charset=utf-8").send(known.toBody());
}

/** Fastify's own errors have a code, a status and for wrong fields a list of what is wrong. */
function fromFramework(error: unknown, request: FastifyRequest): SluiceError {
  const { statusCode, code, validation, message } = error as Partial<FastifyError>;
  if (validation !== undefined) {
    return new SluiceError("invalid_call", message ?? "the call has a wrong field", {
      details: validation.map((one) => ({ field: one.instancePath, message: one.message })),
    });
  }
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) {
    return new SluiceError("internal", `something went wrong here; the log has it under request ${request.id}`);
  }
  return new SluiceError(codeFor(statusCode, code ?? ""), message ?? "the request is malformed");
}

function codeFor(status: number, code: string): ErrorCode {
  if (code.startsWith("FST_ERR_CTP") && code.includes("JSON")) return "invalid_json";
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" || status === 415) return "unsupported_media_type";
  if (status === 413) return "too_large";
  if (status === 404) return "not_found";
  if (status === 405) return "method_not_allowed";
  return "bad_request";
}

/** Awaits a call to Redis; its failure is no fault of ours and nothing to blame the caller for. */
export async function fromRedis<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isRedisTrouble(error)) throw error;
    throw new SluiceError("unavailable", `Redis can't be reached: ${error.message}`, { retryAfterSeconds: 1 });
  }
}
