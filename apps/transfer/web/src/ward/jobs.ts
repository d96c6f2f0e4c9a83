import type { QueryClient } from "@tanstack/react-query";
import type { Wardseal } from "@wardseal/sdk";

import { api } from "../api/client";
import { ApiError } from "../api/errors";
import { absorbCase, absorbRequest, keys } from "../api/queries";
import type { CaseRecord, RequestRecord } from "../api/types";
import { languages } from "../i18n/languages";
import type { Answers, DocumentEntry, WorkingCopy } from "./contents";
import type { DiscloseJob, Job, Notes, SendJob, SendPart, Source, UploadJob } from "./notes";
import { openPending, waitingOf } from "./escrow";
import { changeCase, openBlob } from "./records";
import { ContentError, sealContent } from "./sealed";
import { sendBlob } from "./upload";

/** What a job works with. */
export interface Means {
  readonly ward: Wardseal;
  readonly client: QueryClient;
  readonly notes: Notes;
  /** From 0 to 1, and bytes where there are any. */
  readonly onProgress: (done: number, whole: number) => void;
  readonly signal: AbortSignal;
}

/** Attempts to write over a record that others change too. */
const ATTEMPTS = 5;

/** Does the rest of a job, whatever of it was done before. Returns when the server has it. */
export function run(job: Job, means: Means): Promise<void> {
  if (job.kind === "send") return send(job, means);
  if (job.kind === "disclose") return disclose(job, means);
  return upload(job, means);
}

async function workingCopy({ ward }: Means, source: Source): Promise<WorkingCopy> {
  return (await openBlob(ward, source.blob, source.session, "case")).content;
}

/** The answers of a stage, in the order of its fields. */
export function pick(answers: Answers, fields: readonly string[]): Answers {
  return Object.fromEntries(fields.flatMap((field) => (answers[field] === undefined || answers[field] === null ? [] : [[field, answers[field]]])));
}

/**
 * Asks facilities: a session and a sealed stage 1 for each, kept before they are sent, so that a reload sends the same
 * again and not another; then one request that makes all of them "sent" or none.
 */
async function send(job: SendJob, means: Means): Promise<void> {
  const { ward, client, notes, onProgress, signal } = means;
  let kept = job;
  const steps = job.parts.length * 2 + 1;
  let done = 0;
  const step = (): void => onProgress(++done, steps);
  const keep = async (at: number, part: SendPart): Promise<SendPart> => {
    kept = { ...kept, parts: kept.parts.map((each, index) => (index === at ? part : each)) };
    await notes.put(kept);
    return part;
  };

  // Opened at most once, and only when something is left to be sealed.
  let source: Promise<WorkingCopy> | undefined;
  const puts: Promise<void>[] = [];
  for (const [at, given] of job.parts.entries()) {
    signal.throwIfAborted();
    let part = given;
    if (part.session === undefined) {
      part = await keep(at, { ...part, session: await ward.sessions.create({ manage: [job.facility], read: [part.to] }) });
    }
    if (part.sealed === undefined) {
      source ??= workingCopy(means, job.source);
      const { answers } = await source;
      const sealed = await sealContent(ward, part.session ?? "", { kind: "stage1", answers: pick(answers, job.source.fields) });
      part = await keep(at, { ...part, sealed });
    }
    step();
    // While the next one is sealed.
    const put = api.blobs.put(part.blob, job.facility, part.sealed ?? new Uint8Array()).then(step);
    put.catch(() => undefined);
    puts.push(put);
  }
  await Promise.all(puts);
  signal.throwIfAborted();

  const requests = kept.parts.map(({ request, to, session, blob, pending }) => ({ id: request, to, session: session ?? "", sealed: blob, ...(pending === undefined ? {} : { pending }) }));
  const isSent = (record: CaseRecord): boolean => requests.every(({ id }) => record.requests.some((each) => each.id === id));
  const record = await overwrite(
    () => api.cases.get(job.case),
    (known) => (isSent(known) ? Promise.resolve(known) : api.cases.send(job.case, known.version, requests)),
  );
  step();
  absorbCase(client, record);
}

/** The session of a record. A facility without keys gets it in escrow, as it gets the request. */
async function recordSession({ facility, to, request }: DiscloseJob, { ward }: Means): Promise<{ readonly session: string; readonly pending?: string }> {
  if (to.startsWith("grp_")) return { session: await ward.sessions.create({ manage: [facility], read: [to] }) };
  const { session, escrow } = await api.requests.get(request);
  const waiting = escrow === null ? null : await waitingOf(ward, session, escrow.pending);
  if (waiting === null) throw new ContentError("the facility does not wait for this request any more: load the page again");
  const { policy, address = "", language, code } = waiting;
  return openPending(ward, facility, { identifier: to, policy, address, language: languages.find((each) => each === language) ?? "en", ...(code === undefined ? {} : { code }) });
}

/** Opens the record for a facility: a second session with its own key, which may open the documents too. */
async function disclose(job: DiscloseJob, means: Means): Promise<void> {
  const { ward, client, notes, onProgress, signal } = means;
  let kept = job;
  const keep = async (more: Partial<Pick<DiscloseJob, "session" | "pending" | "granted" | "sealed">>, step: number): Promise<void> => {
    kept = { ...kept, ...more };
    await notes.put(kept);
    onProgress(step, 4);
    signal.throwIfAborted();
  };
  if (kept.session === undefined) await keep(await recordSession(job, means), 1);
  const session = kept.session ?? "";
  if (kept.granted === undefined) {
    const { recipients } = await ward.sessions.get(job.documentsSession);
    if (!recipients.some(({ id }) => id === session)) await ward.sessions.grant(job.documentsSession, session, "read");
    await keep({ granted: true }, 2);
  }
  if (kept.sealed === undefined) {
    const { answers, documents } = await workingCopy(means, job.source);
    const sealed = await sealContent(ward, session, { kind: "stage2", answers: pick(answers, job.source.fields), documents });
    await keep({ sealed }, 3);
  }
  await api.blobs.put(job.blob, job.facility, kept.sealed ?? new Uint8Array());
  const record = await overwrite(
    () => api.requests.get(job.request),
    (known: RequestRecord) => (known.disclosure?.session === session ? Promise.resolve(known) : api.requests.disclose(job.request, { version: known.version, session, sealed: job.blob, ...(kept.pending === undefined ? {} : { pending: kept.pending }) })),
  );
  onProgress(4, 4);
  absorbRequest(client, record);
}

/** Sends a document's sealed bytes, then files it: in the record, and with its name in the working copy. */
async function upload(job: UploadJob, means: Means): Promise<void> {
  const { ward, client, notes, onProgress, signal } = means;
  const bytes = await notes.bytes(job.id);
  if (bytes === undefined) throw new ContentError("its sealed bytes are gone from this browser");
  await sendBlob({ blob: job.blob, facility: job.facility, bytes, onProgress, signal });
  const entry = await describe(ward, job, bytes);
  await overwrite(
    () => api.cases.get(job.case),
    (known) => (known.documents.some(({ id }) => id === job.blob) ? Promise.resolve(known) : api.cases.addDocument(job.case, known.version, job.blob)),
  );
  await changeCase(ward, client, job.case, (copy) => (copy.documents.some(({ blob }) => blob === job.blob) ? copy : { ...copy, documents: [...copy.documents, entry] }));
  void client.invalidateQueries({ queryKey: keys.case(job.case) });
}

/** What a sealed document says of itself, to whoever may open it. */
export async function describe(ward: Wardseal, { blob, created }: Pick<UploadJob, "blob" | "created">, bytes: Blob): Promise<DocumentEntry> {
  const opened = await ward.open(bytes);
  return { blob, name: opened.name ?? "", type: opened.type ?? "application/octet-stream", size: opened.size ?? bytes.size, added: created };
}

/** Writes over the newest version, again when somebody was faster. */
async function overwrite<R>(read: () => Promise<R>, write: (known: R) => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    const known = await read();
    try {
      return await write(known);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "stale" || attempt === ATTEMPTS) throw error;
    }
  }
}
