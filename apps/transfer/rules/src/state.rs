//! The two state machines: one case, and one request for each facility that is asked.
//!
//! Codes for FHIR R4 `Task.status` and `Task.businessStatus` follow HL7 Clinical Order Workflows: several requests may be
//! `accepted`, one is `accepted` and `selected`, the others are `cancelled` and `not-selected`.

use serde::Serialize;

use crate::codes::codes;
use crate::label::{Labels, l};

codes! {
    /// What a case is, which belongs to the group that sends.
    CaseState {
        /// The form is being filled in.
        Draft = "draft",
        /// The form is complete, nobody has been asked.
        Ready = "ready",
        /// Facilities have been asked.
        Searching = "searching",
        /// At least one facility has offered a date.
        Offers = "offers",
        /// One offer was chosen, all other requests are released.
        Chosen = "chosen",
        /// Date and transport are agreed.
        Scheduled = "scheduled",
        /// The patient is on the way.
        Departed = "departed",
        /// The chosen facility has confirmed the arrival.
        Admitted = "admitted",
        /// Done.
        Closed = "closed",
        /// The patient is not ready: clocks of all requests stand still.
        OnHold = "on_hold",
        /// No longer sought: home, another solution, the patient's wish.
        Withdrawn = "withdrawn",
        /// The patient has died.
        Deceased = "deceased",
        /// Nobody touched the case for too long.
        Expired = "expired",
    }
}

codes! {
    /// What a request to one facility is: the receiver writes the answer, the sender chooses.
    RequestState {
        /// Prepared, not sent.
        Draft = "draft",
        /// Sent, nobody at the facility has opened it.
        Sent = "sent",
        /// A member of the facility has decrypted it.
        Viewed = "viewed",
        /// The facility is working on it.
        InReview = "in_review",
        /// The facility has a question; the clock stands still until the sender answers.
        InfoNeeded = "info_needed",
        /// The facility would take the patient and wants the full record.
        Interested = "interested",
        /// The facility holds the keys of the full record.
        Disclosed = "disclosed",
        /// The facility offers a date.
        Offered = "offered",
        /// The facility will not take the patient, with reasons.
        Declined = "declined",
        /// The facility has put the patient on its waiting list.
        Waitlisted = "waitlisted",
        /// The facility suggests another one.
        ReferredOnward = "referred_onward",
        /// The facility has taken its offer back, with reasons.
        OfferWithdrawn = "offer_withdrawn",
        /// The sender has chosen this offer.
        Chosen = "chosen",
        /// Another offer was chosen.
        NotSelected = "not_selected",
        /// The sender has cancelled the request, with reasons.
        Cancelled = "cancelled",
        /// No answer in time.
        Expired = "expired",
        /// The patient is on the way.
        InTransit = "in_transit",
        /// The patient has arrived and is admitted.
        Admitted = "admitted",
        /// The patient did not arrive.
        NotArrived = "not_arrived",
    }
}

codes! {
    /// How a state is meant: pages turn it into a colour and a sign, never into a colour alone.
    Tone {
        /// Nothing has happened yet.
        Neutral = "neutral",
        /// Something is going on.
        Active = "active",
        /// Somebody is expected to act.
        Attention = "attention",
        /// Good news.
        Positive = "positive",
        /// Bad news.
        Negative = "negative",
        /// Over, no news.
        Muted = "muted",
    }
}

codes! {
    /// The most that the receiving group may still read while its request is in a state.
    Access {
        /// Nothing: its access to every session of the request is to be revoked.
        Nothing = "nothing",
        /// The request (stage 1) and the answers.
        Request = "request",
        /// The full record too, as far as it was disclosed.
        Record = "record",
    }
}

/// A row about a state of a case.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseStateInfo {
    /// The state.
    pub code: CaseState,
    /// Its name.
    pub labels: Labels,
    /// How it is meant.
    pub tone: Tone,
    /// Nothing follows.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Facilities may be asked.
    pub asks: bool,
}

/// A row about a state of a request.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestStateInfo {
    /// The state.
    pub code: RequestState,
    /// Its name.
    pub labels: Labels,
    /// How it is meant.
    pub tone: Tone,
    /// Nothing follows.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The request competes: a choice of another one releases it, and it counts towards the limit.
    pub open: bool,
    /// The most that the receiver may read.
    pub access: Access,
    /// FHIR R4 `Task.status`.
    pub fhir_status: &'static str,
    /// FHIR R4 `Task.businessStatus`, empty where the status says all.
    pub fhir_business_status: &'static str,
}

impl CaseState {
    /// The row about this state.
    #[must_use]
    pub const fn info(self) -> CaseStateInfo {
        use Tone::{Active, Attention, Muted, Neutral, Positive};
        let (labels, tone, is_final, asks) = match self {
            Self::Draft => (l("Draft", "Brouillon", "Entwurf"), Neutral, false, true),
            Self::Ready => (
                l("Ready to send", "Prêt à envoyer", "Versandbereit"),
                Neutral,
                false,
                true,
            ),
            Self::Searching => (
                l("Searching", "Recherche en cours", "Suche läuft"),
                Active,
                false,
                true,
            ),
            Self::Offers => (
                l("Offers received", "Accords reçus", "Zusagen eingegangen"),
                Attention,
                false,
                true,
            ),
            Self::Chosen => (
                l(
                    "Facility chosen",
                    "Établissement retenu",
                    "Einrichtung ausgewählt",
                ),
                Positive,
                false,
                false,
            ),
            Self::Scheduled => (
                l(
                    "Transfer scheduled",
                    "Transfert programmé",
                    "Verlegung terminiert",
                ),
                Positive,
                false,
                false,
            ),
            Self::Departed => (
                l("On the way", "En route", "Unterwegs"),
                Active,
                false,
                false,
            ),
            Self::Admitted => (
                l("Admitted", "Admis", "Aufgenommen"),
                Positive,
                false,
                false,
            ),
            Self::Closed => (l("Closed", "Clôturé", "Abgeschlossen"), Muted, true, false),
            Self::OnHold => (
                l(
                    "On hold, not ready",
                    "En pause, non sortant",
                    "Pausiert, nicht entlassfähig",
                ),
                Attention,
                false,
                false,
            ),
            Self::Withdrawn => (
                l("Withdrawn", "Retiré", "Zurückgezogen"),
                Muted,
                true,
                false,
            ),
            Self::Deceased => (l("Deceased", "Décédé", "Verstorben"), Muted, true, false),
            Self::Expired => (l("Expired", "Expiré", "Verfallen"), Muted, true, false),
        };
        CaseStateInfo {
            code: self,
            labels,
            tone,
            is_final,
            asks,
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.info().is_final
    }

    /// Whether facilities may be asked: not after the choice, not while on hold, not when it is over. A draft may be sent
    /// at once; whether its form is complete only the page can tell, since the server cannot read it.
    #[must_use]
    pub const fn asks(self) -> bool {
        self.info().asks
    }
}

impl RequestState {
    /// The row about this state.
    #[must_use]
    pub const fn info(self) -> RequestStateInfo {
        use Access::{Nothing, Record, Request};
        use Tone::{Active, Attention, Muted, Negative, Neutral, Positive};
        // Labels, tone, final, open, access, FHIR status and business status.
        let row: (Labels, Tone, bool, bool, Access, &str, &str) = match self {
            Self::Draft => (
                l("Draft", "Brouillon", "Entwurf"),
                Neutral,
                false,
                true,
                Nothing,
                "draft",
                "",
            ),
            Self::Sent => (
                l("Sent", "Envoyée", "Gesendet"),
                Neutral,
                false,
                true,
                Request,
                "requested",
                "",
            ),
            Self::Viewed => (
                l("Viewed", "Lue", "Angesehen"),
                Active,
                false,
                true,
                Request,
                "received",
                "viewed",
            ),
            Self::InReview => (
                l("Under review", "En étude", "In Prüfung"),
                // What was disclosed before a question stays open while the answer is studied.
                Active,
                false,
                true,
                Record,
                "received",
                "in-review",
            ),
            Self::InfoNeeded => (
                l("More information needed", "Complément demandé", "Rückfrage"),
                Attention,
                false,
                true,
                Record,
                "received",
                "awaiting-information",
            ),
            Self::Interested => (
                l(
                    "Interested, full record wanted",
                    "Intéressé, dossier complet souhaité",
                    "Interesse, Vollakte gewünscht",
                ),
                Attention,
                false,
                true,
                Record,
                "received",
                "interested",
            ),
            Self::Disclosed => (
                l(
                    "Full record opened",
                    "Dossier complet ouvert",
                    "Vollakte freigegeben",
                ),
                Active,
                false,
                true,
                Record,
                "received",
                "record-disclosed",
            ),
            Self::Offered => (
                l("Offer with date", "Accord avec date", "Zusage mit Termin"),
                Positive,
                false,
                true,
                Record,
                "accepted",
                "offered",
            ),
            Self::Declined => (
                l("Declined", "Refus", "Absage"),
                Negative,
                false,
                false,
                Request,
                "rejected",
                "declined",
            ),
            Self::Waitlisted => (
                l("Waiting list", "Liste d’attente", "Warteliste"),
                Active,
                false,
                true,
                Record,
                "received",
                "waitlisted",
            ),
            Self::ReferredOnward => (
                l("Suggests other unit", "Réorientation", "Weiterverweis"),
                Negative,
                true,
                false,
                Nothing,
                "rejected",
                "referred-onward",
            ),
            Self::OfferWithdrawn => (
                l("Offer withdrawn", "Accord retiré", "Zusage zurückgezogen"),
                Negative,
                true,
                false,
                Nothing,
                "failed",
                "offer-withdrawn",
            ),
            Self::Chosen => (
                l("Chosen", "Retenu", "Ausgewählt"),
                Positive,
                false,
                false,
                Record,
                "accepted",
                "selected",
            ),
            Self::NotSelected => (
                l("Not selected", "Non retenu", "Nicht ausgewählt"),
                Muted,
                true,
                false,
                Nothing,
                "cancelled",
                "not-selected",
            ),
            Self::Cancelled => (
                l(
                    "Cancelled by sender",
                    "Annulée par le demandeur",
                    "Vom Absender storniert",
                ),
                Muted,
                true,
                false,
                Nothing,
                "cancelled",
                "",
            ),
            Self::Expired => (
                l(
                    "No answer in time",
                    "Sans réponse dans les délais",
                    "Verfristet",
                ),
                Muted,
                true,
                false,
                Nothing,
                "failed",
                "no-response",
            ),
            Self::InTransit => (
                l("On the way", "En route", "Unterwegs"),
                Active,
                false,
                false,
                Record,
                "in-progress",
                "",
            ),
            Self::Admitted => (
                l("Admitted", "Admis", "Aufgenommen"),
                Positive,
                true,
                false,
                Record,
                "completed",
                "",
            ),
            Self::NotArrived => (
                l("Did not arrive", "Non venu", "Nicht angekommen"),
                Negative,
                true,
                false,
                Nothing,
                "failed",
                "not-arrived",
            ),
        };
        let (labels, tone, is_final, open, access, fhir_status, fhir_business_status) = row;
        RequestStateInfo {
            code: self,
            labels,
            tone,
            is_final,
            open,
            access,
            fhir_status,
            fhir_business_status,
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.info().is_final
    }

    /// Whether the request competes: a choice of another one releases it, and it counts towards
    /// [`MAX_OPEN`](crate::compete::MAX_OPEN).
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.info().open
    }

    /// Whether this is the one that was chosen, until it is over.
    #[must_use]
    pub const fn is_winning(self) -> bool {
        matches!(self, Self::Chosen | Self::InTransit | Self::Admitted)
    }

    /// The most that the receiving group may still read. When a move lowers it, the sender's client has something to
    /// revoke: the full record when it falls below [`Access::Record`], everything when it falls to [`Access::Nothing`].
    #[must_use]
    pub const fn access(self) -> Access {
        self.info().access
    }

    /// What a disclosure of the full record makes of this state; nothing where none is allowed. An offer made without the
    /// record (a partner who trusts the request) stays an offer: the record follows, before the patient does.
    #[must_use]
    pub const fn after_disclosure(self) -> Option<Self> {
        match self {
            Self::Interested => Some(Self::Disclosed),
            Self::Offered | Self::Waitlisted | Self::Chosen | Self::InTransit => Some(self),
            _ => None,
        }
    }
}
