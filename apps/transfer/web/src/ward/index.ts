/** Keys and what they open: the only place that knows the SDK. */
export { useKeeper, useWard, useWardState, WardProvider } from "./context";
export type { Answer, Answers, Content, DocumentEntry, SealedAnswer, StageOne, StageTwo, WorkingCopy } from "./contents";
export { Keeper, type LockReason, type OpenState, type UnlockStep, type WardState } from "./keeper";
export { loadDocument, openDocument, safeName, save, type DocumentSource } from "./documents";
export { OutboxProvider, useJobs, useOutbox } from "./OutboxProvider";
export type { Disclose, JobView, Outbox, Send } from "./outbox";
export { changeCase, createCase, openBlob, putContent, useContent, type CaseDraft } from "./records";
export { useRevocationWork } from "./revocations";
export { ContentError, type OpenedContent } from "./sealed";
