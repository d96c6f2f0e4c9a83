//! Who may turn which state into which: the table, and the one function that both ends ask.
//!
//! The tables are laid out by hand, so that the three languages can be compared.

use serde::Serialize;

use crate::codes::codes;
use crate::label::{Labels, l};
use crate::reasons::ReasonGroup;
use crate::state::{CaseState, RequestState};

codes! {
    /// Who makes a move.
    Side {
        /// The group whose patient it is.
        Sender = "sender",
        /// The facility that was asked.
        Receiver = "receiver",
        /// The server, on a choice or when time is up.
        System = "system",
    }
}

codes! {
    /// What must come with a move.
    Need {
        /// At least one reason: the server gets its group.
        Reasons = "reasons",
        /// Sealed content: the date, the question, the reasons in full.
        Sealed = "sealed",
        /// The patient's consent to the full record, on the case.
        Consent = "consent",
    }
}

/// One move of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The state before.
    pub from: RequestState,
    /// The state after.
    pub to: RequestState,
    /// Who makes it.
    pub side: Side,
    /// What must come with it.
    pub needs: &'static [Need],
    /// The sender enters what the facility has said by telephone: the record is marked `enteredBySender`, and counts.
    pub telephone: bool,
    /// No button: it follows from something else (a first decryption, a choice, the clock, sending, disclosing).
    pub automatic: bool,
    /// The key of the keyboard for it, where it has one.
    pub key: Option<&'static str>,
    /// What stands on its button.
    pub labels: Labels,
}

/// One move of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CaseMove {
    /// The state before.
    pub from: CaseState,
    /// The state after.
    pub to: CaseState,
    /// Who makes it.
    pub side: Side,
    /// No button: it follows from what the requests do.
    pub automatic: bool,
    /// What stands on its button.
    pub labels: Labels,
}

/// Why a move is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Nothing follows the state.
    #[error("this state is final: nothing follows it")]
    FinalState,
    /// Another side may make this move.
    #[error("this move belongs to the other side")]
    NotYourSide,
    /// The table has no such move.
    #[error("no such move: read the record again, it may have changed")]
    NoSuchMove,
    /// The case is closed, withdrawn, expired or the patient has died.
    #[error("the case is over")]
    CaseOver,
    /// The case has chosen, or is on hold: nobody new is asked.
    #[error("the case is decided or on hold: it asks nobody now")]
    CaseDecided,
    /// The clock stands still, so nothing expires.
    #[error("the clock stands still while the case is on hold")]
    ClockPaused,
    /// A reason is missing.
    #[error("give at least one reason")]
    ReasonRequired,
    /// A reason that the side may not give.
    #[error("this group of reasons belongs to the other side")]
    WrongReason,
    /// Sealed content is missing.
    #[error("the move must carry its sealed content")]
    SealedRequired,
    /// The patient has not agreed to the full record.
    #[error("record the patient's consent first")]
    ConsentRequired,
    /// More requests than one case may have open.
    #[error("a case has at most ten open requests: cancel one first")]
    TooManyOpen,
    /// The request does not belong to the case.
    #[error("the case has no such request")]
    NoSuchRequest,
}

impl Refusal {
    /// The code that travels, as serde writes it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FinalState => "final_state",
            Self::NotYourSide => "not_your_side",
            Self::NoSuchMove => "no_such_move",
            Self::CaseOver => "case_over",
            Self::CaseDecided => "case_decided",
            Self::ClockPaused => "clock_paused",
            Self::ReasonRequired => "reason_required",
            Self::WrongReason => "wrong_reason",
            Self::SealedRequired => "sealed_required",
            Self::ConsentRequired => "consent_required",
            Self::TooManyOpen => "too_many_open",
            Self::NoSuchRequest => "no_such_request",
        }
    }
}

/// What comes with a move, as far as the server can see it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Carried<'a> {
    /// Groups of the reasons.
    pub reasons: &'a [ReasonGroup],
    /// Whether sealed content comes with it.
    pub sealed: bool,
    /// Whether the case records consent to the full record.
    pub consent: bool,
}

/// Moves from several states that have all else in common.
struct Rule {
    from: &'static [RequestState],
    to: RequestState,
    side: Side,
    needs: &'static [Need],
    telephone: bool,
    automatic: bool,
    key: Option<&'static str>,
    labels: Labels,
}

impl Rule {
    fn moves(&self) -> impl Iterator<Item = Move> {
        self.from.iter().map(|from| Move {
            from: *from,
            to: self.to,
            side: self.side,
            needs: self.needs,
            telephone: self.telephone,
            automatic: self.automatic,
            key: self.key,
            labels: self.labels,
        })
    }
}

/// All moves of requests.
pub fn all() -> impl Iterator<Item = Move> {
    RULES.iter().flat_map(Rule::moves)
}

/// The moves that a side has from a state.
pub fn moves(from: RequestState, side: Side) -> impl Iterator<Item = Move> {
    all().filter(move |row| row.from == from && row.side == side)
}

/// Whether a request of a case may make a move: the question that server and page ask before every change of state.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(
    case: CaseState,
    from: RequestState,
    to: RequestState,
    side: Side,
    carried: Carried<'_>,
) -> Result<Move, Refusal> {
    if from.is_final() {
        return Err(Refusal::FinalState);
    }
    if case.is_final() {
        return Err(Refusal::CaseOver);
    }
    let mut rows = all()
        .filter(|row| row.from == from && row.to == to)
        .peekable();
    if rows.peek().is_none() {
        return Err(Refusal::NoSuchMove);
    }
    let row = rows
        .find(|row| row.side == side)
        .ok_or(Refusal::NotYourSide)?;
    // Sending, choosing and thinking again are for cases that still ask.
    let asks_anew =
        matches!(to, RequestState::Sent | RequestState::Chosen) || from == RequestState::Declined;
    if asks_anew && !case.asks() {
        return Err(Refusal::CaseDecided);
    }
    if to == RequestState::Expired && clock_stands(case, from) {
        return Err(Refusal::ClockPaused);
    }
    for need in row.needs {
        match need {
            Need::Reasons if carried.reasons.is_empty() => return Err(Refusal::ReasonRequired),
            Need::Sealed if !carried.sealed => return Err(Refusal::SealedRequired),
            Need::Consent if !carried.consent => return Err(Refusal::ConsentRequired),
            _ => {}
        }
    }
    // By telephone the sender passes on the facility's reasons.
    let speaker = if row.telephone { Side::Receiver } else { side };
    if carried.reasons.iter().any(|group| !group.may_give(speaker)) {
        return Err(Refusal::WrongReason);
    }
    Ok(row)
}

/// Whether a request's clock stands still: while information is awaited, and while its case is on hold.
#[must_use]
pub const fn clock_stands(case: CaseState, request: RequestState) -> bool {
    matches!(case, CaseState::OnHold) || matches!(request, RequestState::InfoNeeded)
}

/// All moves of cases.
pub fn case_all() -> impl Iterator<Item = CaseMove> {
    CASE_RULES
        .iter()
        .flat_map(|(from, to, side, automatic, labels)| {
            from.iter().map(|from| CaseMove {
                from: *from,
                to: *to,
                side: *side,
                automatic: *automatic,
                labels: *labels,
            })
        })
}

/// Whether a case may make a move that the sender asks for. What the requests make of it then says
/// [`case_after`](crate::compete::case_after), which also resumes a case on hold where it was.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_case(from: CaseState, to: CaseState, side: Side) -> Result<CaseMove, Refusal> {
    if from.is_final() {
        return Err(Refusal::CaseOver);
    }
    let mut rows = case_all()
        .filter(|row| row.from == from && row.to == to)
        .peekable();
    if rows.peek().is_none() {
        return Err(Refusal::NoSuchMove);
    }
    rows.find(|row| row.side == side)
        .ok_or(Refusal::NotYourSide)
}

const NOTHING: &[Need] = &[];
const SEALED: &[Need] = &[Need::Sealed];
const REASONS: &[Need] = &[Need::Reasons];
const REASONS_SEALED: &[Need] = &[Need::Reasons, Need::Sealed];

const fn receiver(
    from: &'static [RequestState],
    to: RequestState,
    needs: &'static [Need],
    key: &'static str,
    labels: Labels,
) -> Rule {
    Rule {
        from,
        to,
        side: Side::Receiver,
        needs,
        telephone: false,
        automatic: false,
        key: Some(key),
        labels,
    }
}

const fn sender(
    from: &'static [RequestState],
    to: RequestState,
    needs: &'static [Need],
    key: Option<&'static str>,
    labels: Labels,
) -> Rule {
    Rule {
        from,
        to,
        side: Side::Sender,
        needs,
        telephone: false,
        automatic: false,
        key,
        labels,
    }
}

/// What the facility said by telephone, entered by the sender.
const fn telephone(
    from: &'static [RequestState],
    to: RequestState,
    needs: &'static [Need],
    labels: Labels,
) -> Rule {
    Rule {
        telephone: true,
        ..sender(from, to, needs, None, labels)
    }
}

const fn automatic(rule: Rule) -> Rule {
    Rule {
        automatic: true,
        key: None,
        ..rule
    }
}

const fn system(from: &'static [RequestState], to: RequestState, labels: Labels) -> Rule {
    Rule {
        side: Side::System,
        ..automatic(sender(from, to, NOTHING, None, labels))
    }
}

/// The table for requests. Receivers answer from `viewed` too: `in_review` says that somebody is on it, it is no toll.
#[rustfmt::skip]
const RULES: &[Rule] = {
    use RequestState::{Admitted, Cancelled, Chosen, Declined, Disclosed, Draft, Expired, InReview, InTransit, InfoNeeded, Interested};
    use RequestState::{NotArrived, NotSelected, OfferWithdrawn, Offered, ReferredOnward, Sent, Viewed, Waitlisted};
    &[
        // The receiver.
        automatic(receiver(&[Sent], Viewed, NOTHING, "", l("Open", "Ouvrir", "Öffnen"))),
        receiver(&[Viewed, Waitlisted], InReview, NOTHING, "r", l("Start review", "Mettre en étude", "Prüfung beginnen")),
        receiver(&[Declined], InReview, NOTHING, "r", l("Reconsider", "Réexaminer", "Erneut prüfen")),
        receiver(&[Viewed, InReview, Interested, Disclosed], InfoNeeded, SEALED, "q",
            l("Ask a question", "Demander un complément", "Rückfrage stellen")),
        receiver(&[Viewed, InReview, Waitlisted], Interested, NOTHING, "i", l("Interested", "Intéressé", "Interesse melden")),
        receiver(&[Viewed, InReview, Interested, Disclosed, Waitlisted], Offered, SEALED, "o",
            l("Offer a date", "Proposer une date", "Termin zusagen")),
        receiver(&[Viewed, InReview, InfoNeeded, Interested, Disclosed, Waitlisted], Declined, REASONS_SEALED, "d",
            l("Decline", "Refuser", "Absagen")),
        receiver(&[Viewed, InReview, Interested, Disclosed], Waitlisted, NOTHING, "w",
            l("Put on waiting list", "Mettre en liste d’attente", "Auf Warteliste setzen")),
        receiver(&[Viewed, InReview, Interested, Disclosed], ReferredOnward, SEALED, "n",
            l("Suggest another unit", "Réorienter", "Andere Einrichtung vorschlagen")),
        receiver(&[Offered, Chosen], OfferWithdrawn, REASONS_SEALED, "z",
            l("Withdraw the offer", "Retirer l’accord", "Zusage zurückziehen")),
        receiver(&[Chosen, InTransit], Admitted, NOTHING, "a", l("Confirm admission", "Confirmer l’admission", "Aufnahme bestätigen")),
        receiver(&[Chosen, InTransit], NotArrived, NOTHING, "m", l("Did not arrive", "Patient non venu", "Nicht angekommen")),
        // The sender.
        automatic(sender(&[Draft], Sent, SEALED, None, l("Send", "Envoyer", "Senden"))),
        sender(&[InfoNeeded], InReview, NOTHING, Some("g"), l("Information given", "Complément fourni", "Rückfrage beantwortet")),
        automatic(sender(&[Interested], Disclosed, &[Need::Consent, Need::Sealed], None,
            l("Open the full record", "Ouvrir le dossier complet", "Vollakte freigeben"))),
        automatic(sender(&[Offered], Chosen, NOTHING, None, l("Choose", "Retenir", "Auswählen"))),
        sender(&[Chosen], InTransit, NOTHING, Some("t"), l("Patient has left", "Patient parti", "Patient ist unterwegs")),
        sender(&[Draft, Sent, Viewed, InReview, InfoNeeded, Interested, Disclosed, Offered, Waitlisted, Chosen, InTransit], Cancelled,
            REASONS, Some("x"), l("Cancel the request", "Annuler la demande", "Anfrage stornieren")),
        // The sender, for a facility that answered by telephone.
        telephone(&[Sent, Viewed, InReview, Waitlisted], Interested, NOTHING,
            l("Interested, by telephone", "Intéressé, par téléphone", "Interesse, telefonisch")),
        telephone(&[Sent, Viewed, InReview, Interested, Disclosed, Waitlisted], Offered, SEALED,
            l("Offer, by telephone", "Accord, par téléphone", "Zusage, telefonisch")),
        telephone(&[Sent, Viewed, InReview, InfoNeeded, Interested, Disclosed, Waitlisted], Declined, REASONS_SEALED,
            l("Declined, by telephone", "Refus, par téléphone", "Absage, telefonisch")),
        telephone(&[Sent, Viewed, InReview, Interested, Disclosed], Waitlisted, NOTHING,
            l("Waiting list, by telephone", "Liste d’attente, par téléphone", "Warteliste, telefonisch")),
        telephone(&[Sent, Viewed, InReview, Interested, Disclosed], ReferredOnward, SEALED,
            l("Other unit suggested, by telephone", "Réorientation, par téléphone", "Weiterverweis, telefonisch")),
        telephone(&[Offered, Chosen], OfferWithdrawn, REASONS_SEALED,
            l("Offer withdrawn, by telephone", "Accord retiré, par téléphone", "Zusage zurückgezogen, telefonisch")),
        telephone(&[Chosen, InTransit], Admitted, NOTHING, l("Admitted, by telephone", "Admis, par téléphone", "Aufgenommen, telefonisch")),
        telephone(&[Chosen, InTransit], NotArrived, NOTHING,
            l("Did not arrive, by telephone", "Non venu, par téléphone", "Nicht angekommen, telefonisch")),
        // The system.
        system(&[Draft, Sent, Viewed, InReview, InfoNeeded, Interested, Disclosed, Offered, Waitlisted], NotSelected,
            l("Another offer was chosen", "Un autre accord est retenu", "Andere Zusage gewählt")),
        system(&[Sent, Viewed, InReview], Expired, l("Time is up", "Délai écoulé", "Frist abgelaufen")),
    ]
};

type CaseRule = (&'static [CaseState], CaseState, Side, bool, Labels);

/// The table for cases.
#[rustfmt::skip]
const CASE_RULES: &[CaseRule] = {
    use CaseState::{Admitted, Chosen, Closed, Deceased, Departed, Draft, Expired, Offers, OnHold, Ready, Scheduled, Searching, Withdrawn};
    use Side::{Sender, System};
    &[
        (&[Draft], Ready, Sender, false, l("Mark as complete", "Marquer complet", "Als vollständig markieren")),
        (&[Ready], Draft, Sender, false, l("Back to draft", "Remettre en brouillon", "Zurück zum Entwurf")),
        (&[Draft, Ready], Searching, Sender, true, l("Ask facilities", "Solliciter des établissements", "Einrichtungen anfragen")),
        (&[OnHold], Searching, Sender, false, l("Resume", "Reprendre", "Fortsetzen")),
        (&[OnHold], Ready, Sender, false, l("Resume without requests", "Reprendre sans demande", "Ohne Anfragen fortsetzen")),
        (&[Chosen], Scheduled, Sender, false,
            l("Confirm date and transport", "Confirmer date et transport", "Termin und Transport bestätigen")),
        (&[Scheduled], Chosen, Sender, false, l("Change the date", "Changer la date", "Termin ändern")),
        (&[Admitted], Closed, Sender, false, l("Close the case", "Clôturer le dossier", "Vorgang abschließen")),
        (&[Draft, Ready, Searching, Offers, Chosen, Scheduled], OnHold, Sender, false, l("Put on hold", "Mettre en pause", "Pausieren")),
        (&[Draft, Ready, Searching, Offers, Chosen, Scheduled, OnHold], Withdrawn, Sender, false,
            l("Withdraw the case", "Retirer le dossier", "Vorgang zurückziehen")),
        (&[Draft, Ready, Searching, Offers, Chosen, Scheduled, Departed, OnHold], Deceased, Sender, false,
            l("Patient has died", "Patient décédé", "Patient verstorben")),
        // What follows from the requests.
        (&[Searching], Offers, System, true, l("An offer arrived", "Accord reçu", "Zusage eingegangen")),
        (&[Offers, Chosen, Scheduled, Departed], Searching, System, true, l("Searching again", "Recherche relancée", "Suche läuft wieder")),
        (&[Searching, Offers], Chosen, System, true, l("An offer was chosen", "Accord retenu", "Zusage ausgewählt")),
        (&[Chosen, Scheduled], Departed, System, true, l("Patient has left", "Patient parti", "Patient ist unterwegs")),
        (&[Chosen, Scheduled, Departed], Admitted, System, true, l("Admission confirmed", "Admission confirmée", "Aufnahme bestätigt")),
        (&[Draft, Ready, Searching, Offers, OnHold], Expired, System, true,
            l("Untouched for too long", "Sans activité depuis trop longtemps", "Zu lange unbearbeitet")),
    ]
};
