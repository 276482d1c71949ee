/** The catalogue of errors that a caller can get: code, status and what it means. */

export const ERRORS = {
  bad_request: { status: 400, meaning: "The request is malformed." },
  invalid_json: { status: 400, meaning: "The body is not a JSON object in UTF-8." },
  invalid_call: { status: 400, meaning: "The call breaks a rule of the API; `details` names the field." },
  not_supported: { status: 400, meaning: "The call or the feature is not supported by this version." },
  unauthorized: { status: 401, meaning: "The key is missing or unknown." },
  forbidden: { status: 403, meaning: "The key may not do this, or the Host header is not allowed." },
  not_found: { status: 404, meaning: "There is no such thing." },
  method_not_allowed: { status: 405, meaning: "The path exists, with other methods." },
  conflict: { status: 409, meaning: "The state does not allow this." },
  version_mismatch: { status: 412, meaning: "If-Match names another version than the current one." },
  too_large: { status: 413, meaning: "The body is larger than the limit." },
  unsupported_media_type: { status: 415, meaning: "The content type is not accepted here." },
  invalid_model: { status: 422, meaning: "The model or predicate has errors; `diagnostics` says where." },
  rate_limited: { status: 429, meaning: "Too many requests; try again after Retry-After seconds." },
  internal: { status: 500, meaning: "A fault in Sluice; the log has the same request id." },
  unavailable: { status: 503, meaning: "Redis can't be reached; try again after Retry-After seconds." },
  backlogged: { status: 503, meaning: "The backlog is over its limit; try again after Retry-After seconds." },
  not_ready: { status: 503, meaning: "The views are still loading; try again after Retry-After seconds." },
  timeout: { status: 504, meaning: "The answer was not ready in time." },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error meant for the caller: a code of the catalogue, plain words, and what helps to mend it. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, options: { details?: unknown; retryAfterSeconds?: number } = {}) {
    super(message);
    this.name = "SluiceError";
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** API.md's error body. */
  toBody(): { error: { code: ErrorCode; message: string; details?: unknown } } {
    const error = { code: this.code, message: this.message };
    return { error: this.details === undefined ? error : { ...error, details: this.details } };
  }
}
