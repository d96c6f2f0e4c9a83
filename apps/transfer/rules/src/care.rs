//! What may be asked for: urgencies, families and types of care, and what a facility is able to do.

use serde::Serialize;

use crate::codes::codes;
use crate::label::{Labels, l};

codes! {
    /// How soon a place is needed. The server knows it: deadlines depend on it.
    Urgency {
        /// Within minutes.
        Emergency = "emergency",
        /// Today.
        SameDay = "sameDay",
        /// Planned.
        Planned = "planned",
    }
}

codes! {
    /// The coarse family of care: all that the server knows of what is asked for.
    CareFamily {
        /// Hospital.
        Acute = "ACUTE",
        /// Rehabilitation.
        Rehab = "REHAB",
        /// Nursing home.
        Nursing = "NURSING",
        /// Care at home.
        Home = "HOME",
        /// Palliative care.
        Palliative = "PALLIATIVE",
        /// Disability and psychiatry, living with assistance.
        Disability = "DISABILITY",
    }
}

impl Urgency {
    /// Its name.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::Emergency => l("Emergency", "Urgence", "Notfall"),
            Self::SameDay => l("Same day", "Le jour même", "Am selben Tag"),
            Self::Planned => l("Planned", "Programmé", "Geplant"),
        }
    }
}

impl CareFamily {
    /// Its name.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::Acute => l("Hospital", "Court séjour (MCO)", "Krankenhaus"),
            Self::Rehab => l("Rehabilitation", "Réadaptation (SMR)", "Rehabilitation"),
            Self::Nursing => l(
                "Nursing home",
                "Hébergement (EHPAD, USLD)",
                "Stationäre Pflege",
            ),
            Self::Home => l("Care at home", "Soins à domicile", "Ambulante Versorgung"),
            Self::Palliative => l("Palliative care", "Soins palliatifs", "Palliativversorgung"),
            Self::Disability => l(
                "Disability and assisted living",
                "Handicap (médico-social)",
                "Eingliederungshilfe",
            ),
        }
    }
}

/// A type of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CareType {
    /// Its code, `family.what`.
    pub code: &'static str,
    /// Its family.
    pub family: CareFamily,
    /// Its name.
    pub labels: Labels,
}

/// The family of a type of care.
#[must_use]
pub fn family_of(care_type: &str) -> Option<CareFamily> {
    CARE_TYPES
        .iter()
        .find(|known| known.code == care_type)
        .map(|known| known.family)
}

const fn c(code: &'static str, family: CareFamily, labels: Labels) -> CareType {
    CareType {
        code,
        family,
        labels,
    }
}

/// All types of care.
#[rustfmt::skip]
pub const CARE_TYPES: &[CareType] = {
    use CareFamily::{Acute, Disability, Home, Nursing, Palliative, Rehab};
    &[
        c("acute.medicine", Acute, l("Medicine", "Médecine", "Innere Medizin")),
        c("acute.surgery", Acute, l("Surgery", "Chirurgie", "Allgemeinchirurgie")),
        c("acute.obstetrics", Acute, l("Obstetrics", "Obstétrique", "Geburtshilfe")),
        c("acute.geriatrics", Acute, l("Geriatrics", "Court séjour gériatrique", "Geriatrie")),
        c("acute.paediatrics", Acute, l("Paediatrics", "Pédiatrie", "Pädiatrie")),
        c("acute.psychiatry", Acute, l("Psychiatry", "Psychiatrie", "Psychiatrische Klinik")),
        c("acute.icu", Acute, l("Intensive care", "Réanimation", "Intensivstation (ITS)")),
        c("acute.imc", Acute, l("Intermediate care", "Unité de soins continus (USC)", "Überwachungsstation (IMC)")),
        c("acute.stroke", Acute, l("Stroke unit", "Unité neurovasculaire (UNV)", "Schlaganfallstation (Stroke Unit)")),
        c("rehab.general", Rehab, l("General rehabilitation", "SMR polyvalent", "Allgemeine Rehabilitation")),
        c("rehab.geriatric", Rehab, l("Geriatric rehabilitation", "SMR gériatrique", "Geriatrische Rehabilitation")),
        c("rehab.geriatricComplex", Rehab, l("Early geriatric rehabilitation in hospital", "Rééducation gériatrique précoce",
            "Geriatrische frührehabilitative Komplexbehandlung (GFB)")),
        c("rehab.neuroEarly", Rehab,
            l("Early neurological rehabilitation", "SMR neurologique précoce (SRPR)", "Neurologische Frührehabilitation (Phase B)")),
        c("rehab.neuroC", Rehab,
            l("Neurological rehabilitation, dependent", "SMR système nerveux", "Neurologische Rehabilitation (Phase C)")),
        c("rehab.neuroD", Rehab, l("Neurological rehabilitation, independent", "SMR système nerveux, patient autonome",
            "Neurologische Rehabilitation (Phase D, AHB)")),
        c("rehab.orthopaedic", Rehab, l("Orthopaedic rehabilitation", "SMR locomoteur", "Orthopädische Rehabilitation (AHB)")),
        c("rehab.cardiac", Rehab, l("Cardiac rehabilitation", "SMR cardio-vasculaire", "Kardiologische Rehabilitation (AHB)")),
        c("rehab.respiratory", Rehab, l("Respiratory rehabilitation", "SMR respiratoire", "Pneumologische Rehabilitation")),
        c("rehab.addiction", Rehab, l("Addiction rehabilitation", "SMR addictologie", "Suchtrehabilitation")),
        c("nursing.longTerm", Nursing, l("Nursing home, long term", "EHPAD, hébergement permanent", "Vollstationäre Pflege")),
        c("nursing.longStay", Nursing, l("Long-stay hospital unit", "USLD", "Langzeitpflege mit hohem medizinischem Bedarf")),
        c("nursing.shortTerm", Nursing, l("Short-term care", "Hébergement temporaire", "Kurzzeitpflege")),
        c("nursing.day", Nursing, l("Day or night care", "Accueil de jour ou de nuit", "Tages- oder Nachtpflege")),
        c("nursing.dementia", Nursing, l("Closed dementia unit", "UHR, PASA ou unité protégée", "Geschützter Demenzbereich")),
        c("home.nursing", Home, l("Home nursing", "SSIAD ou infirmier libéral (IDEL)", "Ambulanter Pflegedienst")),
        c("home.hospital", Home, l("Hospital at home", "Hospitalisation à domicile (HAD)", "Krankenhausbehandlung zu Hause")),
        c("home.intensive", Home, l("Intensive care at home", "Prise en charge lourde à domicile", "Außerklinische Intensivpflege (AKI)")),
        c("home.return", Home, l("Supported return home", "Retour à domicile accompagné (PRADO)", "Überleitung nach Hause")),
        c("home.aids", Home, l("Aids and supplies", "Prestataire de matériel à domicile", "Hilfsmittelversorgung")),
        c("palliative.unit", Palliative, l("Palliative care unit", "Unité de soins palliatifs (USP)", "Palliativstation")),
        c("palliative.beds", Palliative,
            l("Palliative beds in another unit", "Lits identifiés (LISP)", "Palliativbetten in anderer Station")),
        c("palliative.hospice", Palliative, l("Inpatient hospice", "Maison de soins palliatifs", "Stationäres Hospiz")),
        c("palliative.mobile", Palliative,
            l("Palliative team at home", "Équipe mobile (EMSP)", "Spezialisierte ambulante Palliativversorgung (SAPV)")),
        c("disability.medical", Disability,
            l("Medical home for adults with disabilities", "MAS ou EAM (FAM)", "Besondere Wohnform mit Pflege")),
        c("disability.assisted", Disability, l("Assisted living", "Foyer de vie ou habitat accompagné", "Betreutes Wohnen")),
    ]
};

/// Something that a facility is able to do and not every facility is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// Its code, as the directory names it.
    pub code: &'static str,
    /// Its name.
    pub labels: Labels,
}

const fn k(code: &'static str, labels: Labels) -> Capability {
    Capability { code, labels }
}

/// All capabilities.
#[rustfmt::skip]
pub const CAPABILITIES: &[Capability] = &[
    k("isolation.contact", l("Contact isolation", "Isolement contact", "Kontaktisolation")),
    k("isolation.droplet", l("Droplet isolation", "Isolement gouttelettes", "Tröpfchenisolation")),
    k("isolation.airborne", l("Airborne isolation", "Isolement air", "Aerogene Isolation")),
    k("isolation.protective", l("Protective isolation", "Isolement protecteur", "Umkehrisolation")),
    k("oxygen", l("Oxygen", "Oxygène", "Sauerstoff")),
    k("niv", l("Non-invasive ventilation", "Ventilation non invasive (VNI)", "Nichtinvasive Beatmung (NIV)")),
    k("ventilation", l("Invasive ventilation", "Ventilation invasive", "Invasive Beatmung")),
    k("suction", l("Airway suction", "Aspiration trachéale", "Absaugen der Atemwege")),
    k("tracheostomy", l("Tracheostomy", "Trachéotomie", "Tracheostoma")),
    k("dialysis", l("Haemodialysis", "Hémodialyse", "Hämodialyse")),
    k("peritonealDialysis", l("Peritoneal dialysis", "Dialyse péritonéale", "Peritonealdialyse")),
    k("centralLine", l("Central venous line or port", "Voie centrale, PICC ou chambre implantable", "Zentraler Zugang, PICC oder Port")),
    k("pump", l("Syringe or infusion pump", "Pousse-seringue ou pompe", "Perfusor oder Infusionspumpe")),
    k("tubeFeeding", l("Tube feeding", "Nutrition entérale", "Sondenernährung")),
    k("parenteralNutrition", l("Parenteral nutrition", "Nutrition parentérale", "Parenterale Ernährung")),
    k("complexWounds",
        l("Complex wounds and negative pressure", "Plaies complexes, pression négative (TPN)", "Komplexe Wunden, Vakuumtherapie (VAC)")),
    k("telemetry", l("Monitoring", "Surveillance scopée", "Monitorüberwachung")),
    k("bariatric", l("Bariatric equipment", "Matériel bariatrique", "Schwerlastausstattung")),
    k("lift", l("Patient lift", "Lève-personne", "Patientenlifter")),
    k("specialMattress", l("Pressure-relieving mattress", "Matelas anti-escarres", "Dekubitusmatratze")),
    k("closedUnit", l("Closed unit", "Unité fermée", "Geschützter Bereich")),
    k("chemotherapy", l("Chemotherapy", "Chimiothérapie", "Zytostatische Therapie")),
    k("ivAntibiotics", l("Intravenous antibiotics", "Antibiotiques intraveineux", "Intravenöse Antibiotika")),
    k("neonatology", l("Neonatology", "Néonatologie", "Neugeborenenintensivmedizin")),
];
