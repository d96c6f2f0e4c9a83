import type { Language } from "../i18n/languages";

/** What travels between the page and the transfer server. The server knows identifiers, states and times; everything else is sealed. */

/** Where a facility belongs, coarsely: known to the server. */
export type CareFamily = "ACUTE" | "REHAB" | "NURSING" | "HOME" | "PALLIATIVE" | "DISABILITY";
export type Urgency = "emergency" | "sameDay" | "planned";

export type CaseState =
  | "draft"
  | "ready"
  | "searching"
  | "offers"
  | "chosen"
  | "scheduled"
  | "departed"
  | "admitted"
  | "closed"
  | "on_hold"
  | "withdrawn"
  | "deceased"
  | "expired";

export type RequestState =
  | "draft"
  | "sent"
  | "viewed"
  | "in_review"
  | "info_needed"
  | "interested"
  | "disclosed"
  | "offered"
  | "declined"
  | "waitlisted"
  | "referred_onward"
  | "offer_withdrawn"
  | "chosen"
  | "not_selected"
  | "cancelled"
  | "expired"
  | "in_transit"
  | "admitted"
  | "not_arrived";

export type Side = "sender" | "receiver" | "system";
export type Role = "admin" | "member";

export interface Config {
  readonly tenant: string;
  readonly keys: string;
  readonly vault: string;
  /** What a device proves itself to: this server. */
  readonly audience: string;
  readonly version: string;
  /** Whether keys that wait for a facility may be released on this server's word alone. */
  readonly assigned: boolean;
  /** Only in a demonstration. */
  readonly demo: Demo | null;
}

/** Invented people to step into, and where the mails are shown. */
export interface Demo {
  readonly roles: readonly DemoRole[];
  readonly mailbox: string;
}

/** A person's login name. */
export interface Named {
  /** `usr_…` */
  readonly user: string;
  readonly name: string;
}

export interface DemoRole {
  readonly name: string;
  readonly password: string;
  readonly person: string;
  readonly facility: string;
  readonly country: string;
  readonly title: { readonly en: string; readonly fr: string; readonly de: string };
}

export interface Facility {
  /** `grp_…` of its staff; nobody's until it has registered. */
  readonly group: string | null;
  /** What it is called by in a public register: `finess:750000001`. */
  readonly identifier: string | null;
  /** Its public mail address, while it is not registered. */
  readonly contact: string | null;
  readonly name: string;
  readonly country: "FR" | "DE";
  readonly city: string;
  readonly postcode: string;
  readonly families: readonly CareFamily[];
  readonly capabilities: readonly string[];
  readonly languages: readonly string[];
  readonly phone: string;
  readonly latitude: number;
  readonly longitude: number;
  /** In the form of the rules. */
  readonly hours: unknown;
}

export interface Membership {
  readonly group: string;
  readonly role: Role;
}

export interface Me {
  /** `usr_…` */
  readonly user: string;
  /** The login name. */
  readonly name: string;
  /** Where letters go. */
  readonly address: string | null;
  readonly language: Language;
  readonly facilities: readonly Membership[];
}

export interface BlobInfo {
  readonly id: string;
  readonly size: number;
  readonly complete: boolean;
  readonly created: number;
}

export interface Revocation {
  readonly id: string;
  readonly case: string;
  readonly request: string;
  readonly session: string;
  /** `grp_…`, once the facility has one. */
  readonly group: string | null;
  /** `pnd_…` of a request that was sent in escrow: whichever of the two is a recipient is revoked. */
  readonly pending: string | null;
  readonly created: number;
  readonly done: number | null;
}

export interface Answer {
  readonly blob: string;
  readonly state: RequestState;
  readonly at: number;
}

export interface Disclosure {
  readonly session: string;
  readonly sealed: string;
  readonly documents: readonly BlobInfo[];
}

export interface RequestEvent {
  readonly state: RequestState;
  readonly at: number;
  readonly by: string | null;
  readonly side: Side;
}

export interface RequestRecord {
  readonly id: string;
  readonly case: string;
  readonly from: string;
  /** `grp_…`, or the identifier of a facility that has not registered yet. */
  readonly to: string;
  readonly state: RequestState;
  readonly urgency: Urgency;
  readonly family: CareFamily;
  readonly deadline: number;
  readonly pausedSince: number | null;
  /** S1: sender and receiver. */
  readonly session: string;
  /** Blob of stage 1. */
  readonly sealed: string;
  readonly answers: readonly Answer[];
  readonly reasonGroups: readonly string[];
  readonly disclosure: Disclosure | null;
  /** Where it stands, if it was sent to a facility that was not registered. */
  readonly escrow: Escrow | null;
  readonly enteredBySender: boolean;
  readonly version: number;
  readonly created: number;
  readonly updated: number;
  readonly events: readonly RequestEvent[];
}

export interface CaseRecord {
  readonly id: string;
  readonly facility: string;
  readonly state: CaseState;
  readonly urgency: Urgency;
  readonly family: CareFamily;
  readonly ready: boolean;
  readonly consent: boolean;
  /** C: the working copy. */
  readonly session: string;
  /** D: the documents. */
  readonly documentsSession: string;
  /** Blob of the working copy. */
  readonly sealed: string;
  readonly documents: readonly BlobInfo[];
  readonly version: number;
  readonly created: number;
  readonly updated: number;
  readonly requests: readonly RequestRecord[];
  readonly revocations: readonly Revocation[];
}

export interface NewCase {
  readonly id: string;
  readonly facility: string;
  readonly urgency: Urgency;
  readonly family: CareFamily;
  readonly ready: boolean;
  readonly consent: boolean;
  readonly session: string;
  readonly documentsSession: string;
  readonly sealed: string;
}

export interface CaseUpdate {
  readonly version: number;
  readonly sealed?: string;
  readonly urgency?: Urgency;
  readonly family?: CareFamily;
  readonly ready?: boolean;
  readonly consent?: boolean;
  readonly state?: CaseState;
}

export interface NewRequest {
  readonly id: string;
  readonly to: string;
  readonly session: string;
  readonly sealed: string;
  /** `pnd_…`, for a facility that has not registered yet. */
  readonly pending?: string;
}

export interface Move {
  readonly version: number;
  readonly to: RequestState;
  readonly sealed?: string;
  readonly reasonGroups?: readonly string[];
}

export interface NewDisclosure {
  readonly version: number;
  readonly session: string;
  readonly sealed: string;
  /** `pnd_…`, for a facility that has not registered yet. */
  readonly pending?: string;
}

/** What the SDK's `ward.prove` gives. */
export type Proof = unknown;

export interface SignUp {
  readonly invitation: string;
  readonly name: string;
  readonly user: string;
  readonly commitment: string;
  readonly index: string;
  /** Of letters to this person. */
  readonly language?: Language;
}

export interface SignedUp {
  readonly token: string;
  /** Whose name it was before, when this is somebody's new identity. */
  readonly old: string | null;
  /** The facility whose first person this is: its group is to be made. */
  readonly identifier: string | null;
}

/** Where a request stands that was sent in escrow. */
export type EscrowState = "inEscrow" | "delivered" | "opened";

export interface Escrow {
  readonly state: EscrowState;
  /** `pnd_…` of stage 1. */
  readonly pending: string;
  /** `pnd_…` of the record, if it was opened before the facility had its key. */
  readonly disclosurePending: string | null;
  readonly delivered: number | null;
  readonly opened: number | null;
}

/** The server's half of a way back in by mail: that it is there, never what it is. */
export interface Share {
  readonly record: string;
  readonly address: string;
  readonly created: number;
}

export interface NewShare {
  readonly record: string;
  readonly share: string;
  readonly address: string;
  readonly language: Language;
}

export interface RecoveryStarted {
  /** For the vault. */
  readonly token: string;
  readonly user: string;
  readonly record: string;
  readonly attempt: string;
  readonly tag: string;
}

export type HelpState = "waiting" | "released" | "declined" | "expired";

export interface HelpAsked {
  readonly id: string;
  /** With which the answer is read. */
  readonly secret: string;
  readonly tag: string;
  readonly expires: number;
}

/** What administrators have answered somebody who asked for help. */
export interface HelpAnswers {
  readonly state: HelpState;
  readonly user: string | null;
  readonly record: string | null;
  readonly releases: readonly { readonly admin: string; readonly release: string }[];
  readonly blob: string | null;
  readonly expires: number;
}

/** Somebody who asks for help, as administrators see it. */
export interface HelpAsker {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly group: string;
  readonly record: string;
  readonly clientKey: string;
  readonly tag: string;
  readonly quorum: number;
  readonly state: HelpState;
  readonly released: readonly string[];
  readonly created: number;
  readonly expires: number;
}

/** An invitation to begin anew; shown once. */
export interface Restarted {
  readonly invitation: string;
  readonly name: string;
  readonly expires: number;
}

export interface PendingRestart {
  readonly old: string;
  readonly name: string;
  /** The new user, once the person has signed up again. */
  readonly user: string | null;
  readonly expires: number;
}

/** What the invitation of a facility is for. */
export interface InvitedFacility {
  readonly identifier: string;
  readonly name: string;
  readonly country: "FR" | "DE";
  readonly city: string;
  readonly contact: string;
  readonly expires: number;
  readonly used: boolean;
  readonly waiting: number;
}

/** Something changed, at the server: look again. */
export interface ServerEvent {
  readonly kind: "request" | "case" | "revocation" | "help";
  readonly id: string;
  readonly case: string;
  readonly version: number;
}
