// Errors as an application meets them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { toError } from "../../dist/errors.js";
import { Wardseal, WardsealError, errorCodes } from "../../dist/index.js";

test("an error has a code, a sentence that says what to do, and a page", async () => {
  const error = await Wardseal.inspect(new Uint8Array(200)).catch((thrown) => thrown);
  assert.ok(error instanceof WardsealError && error instanceof Error);
  assert.deepEqual([error.name, error.code, error.help], ["WardsealError", "not_an_object", "errors/not_an_object.html"]);
  assert.ok(error.message.length > 10);
  assert.deepEqual([error.retryable, error.retryAfter, error.details], [false, undefined, {}]);
});

test("what the core throws becomes an error with its details", () => {
  const error = toError({ code: "too_many_attempts", message: "wait", status: 429, retryAfter: 7 });
  assert.ok(error instanceof WardsealError);
  assert.deepEqual([error.code, error.message, error.details, error.retryable, error.retryAfter], ["too_many_attempts", "wait", { status: 429, retryAfter: 7 }, true, 7]);
});

test("what an AbortSignal says stays what it is, and only that", () => {
  const reason = new Error("the person went away");
  assert.equal(toError(reason, AbortSignal.abort(reason)), reason);
  const other = toError(new Error("a mistake"), AbortSignal.abort(reason));
  assert.deepEqual([other.code, other.cause.message], ["internal", "a mistake"]);
});

test("every code is listed once", () => {
  assert.equal(new Set(errorCodes).size, errorCodes.length);
  assert.ok(!errorCodes.includes("not_released"));
});
