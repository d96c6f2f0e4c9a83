import type { ErrorCode, WardsealError } from "@wardseal/sdk";

import { ApiError } from "../api/errors";
import type { PlainKey } from "../i18n/languages";
import type { I18n } from "../i18n/context";
import { ContentError } from "../ward/sealed";
import { needsPassword } from "../ward/step-up";

/** Words for what the transfer server refuses, by its code. */
const apiTexts: Readonly<Record<string, PlainKey>> = {
  unreachable: "error.unreachable",
  interrupted: "error.unreachable",
  unavailable: "error.unreachable",
  timeout: "error.timeout",
  stale: "error.stale",
  move_refused: "error.move",
  reasons_missing: "error.reasons",
  consent_missing: "error.consent",
  receiver_refused: "error.receiver",
  too_many_requests: "error.tooManyRequests",
  blob_missing: "error.blobMissing",
  invitation_refused: "signUp.refused",
  proof_refused: "unlock.refused",
  challenge_expired: "error.timeout",
  not_a_member: "error.forbidden",
  storage_full: "error.full",
};

/** Words for what goes wrong on the way back in, whichever server says it. */
const recoveryTexts: Readonly<Record<string, PlainKey>> = {
  bad_recovery_code: "error.badCode",
  unknown_recovery: "recover.codeRefused",
  no_recovery: "error.noRecovery",
  code_refused: "recover.wrongCode",
  code_expired: "recover.codeExpired",
  recovery_locked: "recover.locked",
  recovery_vetoed: "recover.vetoed",
  passkey_cancelled: "recover.passkeyCancelled",
  passkey_exists: "error.passkeyExists",
  passkey_no_prf: "recover.passkeyUnsupported",
  passkey_not_supported: "recover.passkeyUnsupported",
  unpinned_escrow_key: "error.escrowKey",
};

const untrusted: readonly ErrorCode[] = ["bad_answer", "bad_binding", "bad_box", "bad_log", "bad_statement", "fork", "gap", "rollback", "split_view", "stale_checkpoint", "unknown_chain", "vault_not_separate"];
const damaged: readonly ErrorCode[] = ["bad_object", "not_an_object", "crypto"];
const unreachable: readonly ErrorCode[] = ["unreachable", "interrupted", "unavailable"];

/** An error of the SDK, also when it comes from another copy of the class. */
function isWardseal(error: unknown): error is WardsealError {
  return error instanceof Error && error.name === "WardsealError" && "code" in error;
}

/** The code of an error, for whoever has to be told. */
export function errorCode(error: unknown): string {
  if (error instanceof ApiError || isWardseal(error)) return error.code;
  return error instanceof Error ? error.name : "unknown";
}

/** Whether the same step can succeed later as it is. */
export function isRetryable(error: unknown): boolean {
  return (error instanceof ApiError || isWardseal(error)) && error.retryable;
}

/** Whether somebody stopped it. */
export function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** What went wrong and what to do, in the reader's language. */
export function errorText(error: unknown, { t, format }: Pick<I18n, "t" | "format">): string {
  if (error instanceof ApiError) {
    if (error.status === 429) return t("error.tooMany", { seconds: error.retryAfter ?? 60 });
    if (error.status === 413) return t("error.tooLarge", { limit: format.bytes(2 * 1024 ** 3) });
    const key = apiTexts[error.code] ?? recoveryTexts[error.code];
    if (key !== undefined) return t(key);
    if (error.status === 401) return t("error.signedOut");
    if (error.status === 403) return t("error.forbidden");
    if (error.status === 404 || error.status === 410) return t("error.notFound");
    if (error.status === 507) return t("error.full");
    if (error.status === 502 || error.status === 503 || error.status === 504) return t("error.unreachable");
    return t("error.unknown", { code: error.code });
  }
  if (isWardseal(error)) {
    const { code } = error;
    if (unreachable.includes(code)) return t("error.keysUnreachable");
    if (code === "timeout") return t("error.timeout");
    if (code === "too_many_attempts") return t("error.tooMany", { seconds: error.retryAfter ?? 60 });
    if (code === "wrong_password" || code === "unknown_name") return t("unlock.wrong");
    if (code === "no_password") return t("unlock.noPassword");
    if (code === "name_taken") return t("signUp.nameTaken");
    if (code === "binding_refused" || code === "binding_expired") return t("signUp.refused");
    if (error.code === "weak_password") return t(`password.${error.details.reason}`);
    if (code === "no_access" || code === "no_key" || code === "not_authorised" || code === "not_a_member") return t("error.noAccess");
    if (code === "identity_changed") return t("error.identityChanged");
    if (code === "identity_exists") return t("error.otherUser");
    if (needsPassword(error)) return t("error.passwordNeeded");
    if (error.code === "bad_recovery_code" && error.details.group > 0) return t("recover.codeGroup", { group: error.details.group });
    const recovery = recoveryTexts[code];
    if (recovery !== undefined) return t(recovery);
    if (code === "no_identity") return t("error.signedOut");
    if (code === "future_checkpoint") return t("error.clock");
    if (code === "store") return t("error.store");
    if (code === "storage_full") return t("error.full");
    if (untrusted.includes(code)) return t("error.untrusted");
    if (damaged.includes(code) || code.startsWith("object_")) return t("error.damaged");
    return t("error.unknown", { code });
  }
  if (error instanceof ContentError) return t("error.damaged");
  if (error instanceof DOMException && error.name === "QuotaExceededError") return t("error.disk");
  return t("error.unknown", { code: errorCode(error) });
}
