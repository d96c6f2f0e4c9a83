/** Keys and what they open: the only place that knows the SDK. */
export { useKeeper, useWard, useWardState, WardProvider } from "./context";
export type { Answer, Answers, Content, DocumentEntry, SealedAnswer, StageOne, StageTwo, WorkingCopy } from "./contents";
export { Keeper, type LockReason, type OpenState, type UnlockStep, type WardState } from "./keeper";
export { changeCase, createCase, openBlob, putContent, useContent, type CaseDraft } from "./records";
export { ContentError, type OpenedContent } from "./sealed";
