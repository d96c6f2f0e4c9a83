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
  /** `grp_…` */
  readonly group: string;
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
  readonly group: string;
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
}

/** What the SDK's `ward.prove` gives. */
export type Proof = unknown;

export interface SignUp {
  readonly invitation: string;
  readonly name: string;
  readonly user: string;
  readonly commitment: string;
  readonly index: string;
}

/** Something changed, at the server: look again. */
export interface ServerEvent {
  readonly kind: "request" | "case" | "revocation";
  readonly id: string;
  readonly case: string;
  readonly version: number;
}
