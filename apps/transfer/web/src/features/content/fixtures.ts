/** Records for tests, all invented. */
import type { CaseRecord, Facility, RequestRecord } from "../../api";

/** A Monday morning. */
export const NOW = Date.UTC(2026, 10, 23, 9, 0);
export const HOUR = 3_600_000;

export const SENDER = "grp_sender";
export const RECEIVER = "grp_park";

export function aRequest(over: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: "01REQ",
    case: "01CASE",
    from: SENDER,
    to: RECEIVER,
    state: "sent",
    urgency: "planned",
    family: "REHAB",
    deadline: NOW + 4 * HOUR,
    pausedSince: null,
    session: "ses_1",
    sealed: "01STAGE1",
    answers: [],
    reasonGroups: [],
    disclosure: null,
    escrow: null,
    enteredBySender: false,
    version: 1,
    created: NOW - HOUR,
    updated: NOW - HOUR,
    events: [],
    ...over,
  };
}

export function aCase(over: Partial<CaseRecord> = {}): CaseRecord {
  return {
    id: "01CASE",
    facility: SENDER,
    state: "searching",
    urgency: "planned",
    family: "REHAB",
    ready: true,
    consent: false,
    session: "ses_c",
    documentsSession: "ses_d",
    sealed: "01COPY",
    documents: [],
    version: 1,
    created: NOW - 24 * HOUR,
    updated: NOW - HOUR,
    requests: [],
    revocations: [],
    ...over,
  };
}

export function aFacility(over: Partial<Facility> = {}): Facility {
  return {
    group: RECEIVER,
    identifier: null,
    contact: null,
    name: "Klinik am Park",
    country: "DE",
    city: "Offenburg",
    postcode: "77652",
    families: ["REHAB"],
    capabilities: ["oxygen", "isolation.contact"],
    languages: ["de", "fr"],
    phone: "+49 30 23125 120",
    latitude: 48.47,
    longitude: 7.94,
    hours: null,
    ...over,
  };
}
