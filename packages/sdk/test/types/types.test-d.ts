// What the types promise. It is compiled by `npm run typecheck` and not run.
import { Completed, WardsealError, type ErrorCode, type Opened, type Result, type Sealed, type Wardseal } from "../../src/index.js";

declare const ward: Wardseal;
declare const caught: unknown;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function holds<_T extends true>(): void;

if (caught instanceof WardsealError) {
  const error: WardsealError = caught;
  const code: ErrorCode = caught.code;
  const text: string = caught.message + caught.help + code + error.retryable;
  const status: number | undefined = caught.details.status;
  if (caught.code === "bad_recovery_code") {
    holds<Same<typeof caught.details.group, number>>();
    // @ts-expect-error: a code that was typed wrongly comes from no server
    const none: number = caught.details.status;
    console.log(none);
  }
  if (caught.code === "weak_password") holds<Same<typeof caught.details.reason, "too_short" | "repetitive" | "sequence" | "common" | "contains_name">>();
  if (caught.code === "too_many_attempts") console.log(caught.retryAfter, caught.details.retryAfter, text, status);
  // @ts-expect-error: no such code
  if (caught.code === "no_such_code") console.log();
}

/** Each code is told apart, and the compiler says when one of a few is missing. */
export function advice(error: WardsealError<"no_access" | "bad_recovery_code">): string {
  switch (error.code) {
    case "no_access":
      return error.message;
    case "bad_recovery_code":
      return `group ${error.details.group}`;
  }
}

export async function many(blobs: Blob[], texts: string[]): Promise<void> {
  const opened = await ward.openMany(blobs);
  for (const each of opened) {
    if (each.ok) console.log(each.value.name);
    else console.log(each.error.code);
    // @ts-expect-error: who did not ask whether it is there has no value
    console.log(each.value);
  }
  const sealed = await ward.sealMany(texts.map((content) => ({ session: "ses_", content, type: "text/plain" })));
  holds<Same<typeof sealed, Result<Uint8Array<ArrayBuffer>>[]>>();
  const files = await ward.sealMany(blobs.map((content) => ({ session: "ses_", content })));
  holds<Same<typeof files, Result<Blob>[]>>();
  holds<Same<Sealed<string | Blob>, Uint8Array<ArrayBuffer> | Blob>>();
  const sessions = await ward.sessions.getMany(["ses_"], { signal: AbortSignal.timeout(1000) });
  for (const session of sessions) console.log(session.ok ? session.value.epoch : session.error.code);
  for await (const id of ward.sessions.list({ pageSize: 10 })) console.log(id.startsWith("ses_"));
}

/** Only what the SDK has made says that an object is complete. */
export async function keep(opened: Opened, store: (content: Blob, proof: Completed) => void): Promise<void> {
  for await (const piece of opened) console.log(piece.length);
  store(await opened.blob(), await opened.completed);
  // @ts-expect-error: nobody else makes one
  const made: Completed = { author: "usr_", device: "dev_", time: new Date(), session: "ses_", object: "obj_", version: 1, size: 3 };
  // @ts-expect-error: nor by its class
  console.log(new Completed(made, 3));
}

export async function scopes(): Promise<void> {
  const store = { now: () => 0 };
  await using own: Wardseal = ward;
  using opened = await own.open(new Uint8Array());
  console.log(opened.size, store);
}
