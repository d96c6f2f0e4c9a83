//! The types of what goes in and comes out, in TypeScript. The codes themselves are data: read them from the catalogue.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = r#"
export type Language = "en" | "fr" | "de";
export type Labels = Record<Language, string>;
export type Country = "FR" | "DE";
export type Side = "sender" | "receiver" | "system";
export type Urgency = "emergency" | "sameDay" | "planned";
export type CareFamily = "ACUTE" | "REHAB" | "NURSING" | "HOME" | "PALLIATIVE" | "DISABILITY";
export type CaseState =
  | "draft" | "ready" | "searching" | "offers" | "chosen" | "scheduled" | "departed" | "admitted" | "closed"
  | "on_hold" | "withdrawn" | "deceased" | "expired";
export type RequestState =
  | "draft" | "sent" | "viewed" | "in_review" | "info_needed" | "interested" | "disclosed" | "offered" | "declined"
  | "waitlisted" | "referred_onward" | "offer_withdrawn" | "chosen" | "not_selected" | "cancelled" | "expired"
  | "in_transit" | "admitted" | "not_arrived";
export type Tone = "neutral" | "active" | "attention" | "positive" | "negative" | "muted";
export type Access = "nothing" | "request" | "record";
export type Need = "reasons" | "sealed" | "consent";
export type ReasonGroup = "cap" | "clin" | "beh" | "fin" | "adm" | "pat" | "snd" | "sys";
export type FieldKind = "code" | "codes" | "number" | "date" | "text" | "flag";
export type ProblemCode =
  | "required" | "unknown_field" | "wrong_kind" | "unknown_option" | "none_with_others" | "too_small" | "too_large"
  | "too_precise" | "too_long" | "not_a_date" | "not_a_postcode_prefix" | "before_earliest" | "needs_two_scores"
  | "both_scales";
export type RefusalCode =
  | "final_state" | "not_your_side" | "no_such_move" | "case_over" | "case_decided" | "clock_paused" | "reason_required"
  | "wrong_reason" | "sealed_required" | "consent_required" | "too_many_open" | "no_such_request";
export type ImportCode =
  | "not_json" | "not_fhir" | "not_a_bundle" | "wrong_version" | "too_large" | "no_patient" | "several_patients";
export type WarningCode =
  | "unreadable" | "not_asked" | "ended" | "too_old" | "out_of_range" | "birth_date" | "diagnosis_unknown" | "deceased"
  | "shortened";
export type Escalation = "remind" | "supervisor" | "bedManager" | "telephone" | "widen";

export type Named<T extends string> = { code: T; labels: Labels };
export type CaseStateInfo = { code: CaseState; labels: Labels; tone: Tone; final: boolean; asks: boolean };
export type RequestStateInfo = {
  code: RequestState; labels: Labels; tone: Tone; final: boolean; open: boolean; access: Access;
  fhirStatus: string; fhirBusinessStatus: string;
};
export type Move = {
  from: RequestState; to: RequestState; side: Side; needs: Need[]; telephone: boolean; automatic: boolean;
  key: string | null; labels: Labels;
};
export type CaseMove = { from: CaseState; to: CaseState; side: Side; automatic: boolean; labels: Labels };
export type Reason = { code: string; group: ReasonGroup; labels: Labels; sides: Side[] };
export type CareType = { code: string; family: CareFamily; labels: Labels };
export type Capability = { code: string; labels: Labels };
export type Section = { id: string; stage: 1 | 2; labels: Labels };
export type Choice = { code: string; labels: Labels; countries: Country[]; capability: string | null };
/** Asked only when the field `field` holds one of `codes`. */
export type When = { field: string; codes: string[] };
export type Field = {
  id: string; section: string; stage: 1 | 2; kind: FieldKind; options: Choice[]; labels: Labels; hint: Labels | null;
  unit: string | null;
  /** Range of a number; `max` of a text is its length in characters. */
  min: number | null; max: number | null; decimals: number; multiline: boolean;
  /** Must be answered where it is asked, see `families` and `when`. */
  required: boolean;
  /** Empty: all. */
  countries: Country[]; families: CareFamily[]; when: When | null;
};
export type Policy = {
  urgency: Urgency; family: CareFamily; answerMinutes: number; offerMinutes: number;
  /** `percent` of `answerMinutes`. */
  escalation: { percent: number; step: Escalation }[];
};
export type Catalogue = {
  version: number;
  caseStates: CaseStateInfo[]; requestStates: RequestStateInfo[]; moves: Move[]; caseMoves: CaseMove[];
  maxOpenRequests: number;
  reasonGroups: Named<ReasonGroup>[]; reasons: Reason[];
  urgencies: Named<Urgency>[]; families: Named<CareFamily>[]; careTypes: CareType[]; capabilities: Capability[];
  sections: Section[]; fields: Field[]; problems: Named<ProblemCode>[];
  deadlines: Policy[]; escalations: Named<Escalation>[];
  importRefusals: Named<ImportCode>[]; importWarnings: Named<WarningCode>[];
};

export type Answer = string | string[] | number | boolean | null;
export type Answers = { [field: string]: Answer };
export type Problem = { field: string; code: ProblemCode };
export type AskedMove = {
  caseState: CaseState; from: RequestState; to: RequestState; side: Side;
  reasonGroups?: ReasonGroup[]; sealed?: boolean; consent?: boolean;
};
export type Outcome = { moves: { id: string; state: RequestState }[]; release: string[] };
/** Seven days from Monday, each a list of `["08:00", "17:00"]`; `24:00` is the end of a day. `closed`: `YYYY-MM-DD`. */
export type OpeningHours = { zone: "Europe/Paris" | "Europe/Berlin"; week: [string, string][][]; closed?: string[] };
export type ImportWarning = { code: WarningCode; detail: string; count: number };
export type Import = { answers: Answers; warnings: ImportWarning[] };
/** What is thrown. */
export type RulesRefusal = { code: RefusalCode | ImportCode | "unknown_code" | "bad_argument"; message: string };
"#;
