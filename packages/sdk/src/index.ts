/** End-to-end encryption for applications. Begin with {@link Wardseal.open}. */
export type { Change } from "./changes.js";
export { errorCodes, type ErrorCode } from "./codes.js";
export type { CallOptions, Result } from "./calls.js";
export { WardsealError, type AnswerDetails, type BadRecoveryCodeDetails, type ErrorDetails, type WardsealErrorOf, type WeakPasswordDetails } from "./errors.js";
export type { ClaimOptions, Claims, Escrow, EscrowStatus, NewPending, PendingRecipient, PendingSession, Policy, RefusedClaim } from "./escrow.js";
export type { Group, GroupMember, GroupNameRequest, Groups, JoinOptions, Role } from "./groups.js";
export type { Clock } from "./host.js";
export type { HeadersSource, HttpOptions } from "./http.js";
export { httpSource, type HttpSourceOptions } from "./http-source.js";
export { indexedDbStore } from "./indexeddb.js";
export { Completed, type ObjectHeader, type Opened } from "./objects.js";
export type { Device, Devices, Users } from "./people.js";
export type { CachePolicy, Profile } from "./profile.js";
export type {
  AskPasskey,
  CheckOptions,
  Credentials,
  HelpAnswer,
  HelpRequest,
  MailMethod,
  MailRecovery,
  MailStart,
  MethodCheck,
  NewPasskey,
  OrganisationMethod,
  PendingRecovery,
  Recovery,
  RecoveryEvent,
  RecoveryKind,
  RecoveryMethod,
} from "./recovery.js";
export type { Grant, ListOptions, NewSession, PageOptions, Recipient, Right, RightChange, Session, SessionEvent, SessionPage, SessionTree, Sessions } from "./sessions.js";
export type { Bytes, RandomAccess, Source } from "./sources.js";
export { StoreConflict, memoryStore, type Changes, type StateStore } from "./store.js";
export { checkPassword } from "./strength.js";
export { upload, type UploadOptions } from "./upload.js";
export {
  Wardseal,
  type Content,
  type DeviceProof,
  type Options,
  type SealOptions,
  type Sealed,
  type ServerInfo,
  type SignUpRequest,
  type ToSeal,
  type UnlockOptions,
} from "./wardseal.js";
export type { BulkEngine, Watch } from "./watch.js";
