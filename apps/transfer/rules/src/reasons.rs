//! Why something was refused, cancelled or did not happen.
//!
//! Several reasons may be given, the first is the main one. Their codes are sealed; the server learns the group only.

use serde::Serialize;

use crate::codes::codes;
use crate::label::{Labels, UnknownCode, l};
use crate::moves::Side;

codes! {
    /// The coarse group of a reason: all that the server may know of it.
    ReasonGroup {
        /// Capacity.
        Capacity = "cap",
        /// Clinical.
        Clinical = "clin",
        /// Behaviour.
        Behaviour = "beh",
        /// Money.
        Financial = "fin",
        /// Administrative.
        Administrative = "adm",
        /// The patient.
        Patient = "pat",
        /// The sender.
        Sender = "snd",
        /// The system.
        System = "sys",
    }
}

impl ReasonGroup {
    /// Its name.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::Capacity => l("Capacity", "Capacité", "Kapazität"),
            Self::Clinical => l("Clinical", "Clinique", "Medizinisch-pflegerisch"),
            Self::Behaviour => l("Behaviour", "Comportement", "Verhalten"),
            Self::Financial => l("Funding", "Financement", "Finanzierung"),
            Self::Administrative => l("Administrative", "Administratif", "Organisatorisch"),
            Self::Patient => l(
                "Patient and family",
                "Patient et famille",
                "Patient und Angehörige",
            ),
            Self::Sender => l("Sender", "Demandeur", "Absender"),
            Self::System => l("System", "Système", "System"),
        }
    }

    /// Whether a side may give reasons of this group.
    #[must_use]
    pub fn may_give(self, side: Side) -> bool {
        REASONS
            .iter()
            .any(|reason| reason.group == self && reason.sides.contains(&side))
    }
}

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its code, `group.what`.
    pub code: &'static str,
    /// Its group.
    pub group: ReasonGroup,
    /// Its name.
    pub labels: Labels,
    /// Who may give it.
    pub sides: &'static [Side],
}

/// The reason with this code.
///
/// # Errors
/// When no reason has it.
pub fn reason(code: &str) -> Result<&'static Reason, UnknownCode> {
    REASONS
        .iter()
        .find(|reason| reason.code == code)
        .ok_or(UnknownCode)
}

const R: &[Side] = &[Side::Receiver];
const S: &[Side] = &[Side::Sender];
const BOTH: &[Side] = &[Side::Receiver, Side::Sender];
const SYSTEM: &[Side] = &[Side::System];

const fn r(
    code: &'static str,
    group: ReasonGroup,
    sides: &'static [Side],
    labels: Labels,
) -> Reason {
    Reason {
        code,
        group,
        labels,
        sides,
    }
}

/// All reasons, in the order in which they are offered.
#[rustfmt::skip]
pub const REASONS: &[Reason] = {
    use ReasonGroup::{Administrative, Behaviour, Capacity, Clinical, Financial, Patient, Sender, System};
    &[
        r("cap.full", Capacity, R, l("No bed or place", "Pas de place", "Kein Platz frei")),
        r("cap.date", Capacity, R, l("Not on the wanted date", "Pas à la date souhaitée", "Nicht zum Wunschtermin")),
        r("cap.staff", Capacity, R, l("Staffing", "Effectif insuffisant", "Personalmangel")),
        r("cap.gender", Capacity, R, l("Room or gender constraint", "Contrainte de chambre ou de sexe", "Zimmer- oder Geschlechtsbelegung")),
        r("cap.isolation", Capacity, R, l("No isolation room", "Pas de chambre d’isolement", "Kein Isolationszimmer")),
        r("cap.equipment", Capacity, R, l("Equipment, drug or supply not available", "Matériel ou médicament indisponible",
            "Hilfsmittel oder Medikament nicht verfügbar")),
        r("clin.beyond", Clinical, R, l("Exceeds capabilities", "Charge en soins trop lourde", "Übersteigt Versorgungsmöglichkeiten")),
        r("clin.notmet", Clinical, R, l("Criteria not met or level too low", "Critères non remplis", "Aufnahmekriterien nicht erfüllt")),
        r("clin.program", Clinical, R, l("Programme not offered", "Prise en charge non proposée", "Angebot nicht vorhanden")),
        r("clin.unstable", Clinical, R, l("Not stable enough yet", "Patient non stabilisé", "Noch nicht verlegungsfähig")),
        r("clin.info", Clinical, R, l("Information missing or contradictory", "Dossier incomplet", "Unterlagen unvollständig")),
        r("clin.medcover", Clinical, R, l("No physician to follow", "Pas de suivi médical", "Keine ärztliche Weiterversorgung")),
        r("beh.risk", Behaviour, R,
            l("Behaviour or safety (self, others, wandering)", "Comportement ou sécurité", "Verhalten oder Sicherheit (Weglauftendenz)")),
        r("beh.psych", Behaviour, R, l("Psychiatric care needed", "Besoin psychiatrique", "Psychiatrischer Bedarf")),
        r("beh.addiction", Behaviour, R, l("Active addiction", "Addiction active", "Akute Suchterkrankung")),
        r("fin.payer", Financial, R, l("Payer or contract", "Prise en charge financière", "Kostenträger oder Vertrag")),
        r("fin.auth", Financial, BOTH, l("Authorisation pending", "Accord préalable en attente", "Kostenzusage fehlt")),
        r("adm.area", Administrative, R, l("Outside catchment", "Hors secteur", "Außerhalb des Einzugsgebiets")),
        r("adm.age", Administrative, R, l("Age limit", "Limite d’âge", "Altersgrenze")),
        r("adm.project", Administrative, R,
            l("No discharge plan after the stay", "Projet de sortie non défini", "Anschlussperspektive ungeklärt")),
        r("adm.already", Administrative, BOTH,
            l("Already followed by another provider", "Déjà suivi ailleurs", "Bereits anderweitig versorgt")),
        r("pat.refuses", Patient, BOTH,
            l("Patient or family declines", "Refus du patient ou de la famille", "Patient oder Angehörige lehnen ab")),
        r("pat.changed", Patient, BOTH, l("Condition changed", "État modifié", "Zustand verändert")),
        r("snd.found", Sender, S, l("Other place found", "Autre place trouvée", "Anderer Platz gefunden")),
        r("snd.home", Sender, S, l("Goes home", "Retour à domicile", "Entlassung nach Hause")),
        r("snd.deceased", Sender, S, l("Deceased", "Décédé", "Verstorben")),
        r("sys.noresp", System, SYSTEM, l("No response", "Sans réponse", "Keine Rückmeldung")),
    ]
};
