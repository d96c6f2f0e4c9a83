/** What the transfer server refused (RFC 9457), or why it did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable between versions: `stale`, `forbidden`, … and `unreachable` when there was no answer. */
  readonly code: string;
  /** Seconds to wait before the next attempt, if the server said so. */
  readonly retryAfter: number | undefined;
  /** Further members of the problem, such as the right `offset` of an upload. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, problem: Readonly<Record<string, unknown>> = {}, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request can succeed later without anything being changed. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for an answer that is no success. */
export async function problemOf(response: Response): Promise<ApiError> {
  let problem: Record<string, unknown> = {};
  try {
    const body: unknown = await response.json();
    if (isRecord(body)) problem = body;
  } catch {
    // Something in between answered, in its own words.
  }
  // How far an upload is, where that is what was wrong.
  const offset = response.headers.get("upload-offset");
  if (offset !== null) problem = { ...problem, offset: Number(offset) };
  const code = typeof problem["code"] === "string" ? problem["code"] : `http_${response.status}`;
  const detail = typeof problem["detail"] === "string" ? problem["detail"] : response.statusText;
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new ApiError(response.status, code, detail, problem, Number.isFinite(after) ? after : undefined);
}
