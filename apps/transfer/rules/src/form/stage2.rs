//! Stage 2: the record, with the identity. It goes to a facility that is interested, sealed for it alone.
//!
//! The tables are laid out by hand, a row to a line, so that the three languages can be compared.

use super::{Choice, DE, FR, Field, Kind, Section, base, o};
use crate::care::CareFamily;
use crate::label::{Labels, l};

const fn section(id: &'static str, labels: Labels) -> Section {
    Section {
        id,
        stage: 2,
        labels,
    }
}

#[rustfmt::skip]
pub(super) const SECTIONS: &[Section] = &[
    section("identity", l("Identity", "Identité", "Personalien")),
    section("contacts", l("Contacts and legal", "Contacts et situation juridique", "Kontakte und Rechtliches")),
    section("payer", l("Payer", "Prise en charge financière", "Kostenträger")),
    section("stay", l("Current stay", "Séjour actuel", "Aktueller Aufenthalt")),
    section("vitals", l("Vital signs", "Constantes", "Vitalwerte")),
    section("treatment", l("Allergies and treatment", "Allergies et traitements", "Allergien und Behandlung")),
    section("nursing", l("Nursing", "Soins infirmiers", "Pflege")),
];

const fn f(id: &'static str, section: &'static str, kind: Kind, labels: Labels) -> Field {
    base(id, section, 2, kind, labels)
}

const fn text(id: &'static str, section: &'static str, labels: Labels) -> Field {
    f(id, section, Kind::Text, labels)
}

const fn code(
    id: &'static str,
    section: &'static str,
    options: &'static [Choice],
    labels: Labels,
) -> Field {
    f(id, section, Kind::Code, labels).options_of(options)
}

const fn number(id: &'static str, labels: Labels) -> Field {
    f(id, "vitals", Kind::Number, labels)
}

const LIST: Labels = l("One per line", "Un par ligne", "Je Zeile ein Eintrag");
const CONTACT: Labels = l(
    "Name, relation, telephone",
    "Nom, lien, téléphone",
    "Name, Beziehung, Telefon",
);

#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    // Identity
    text("familyName", "identity", l("Family name", "Nom utilisé", "Nachname")).required(),
    text("birthName", "identity", l("Birth name", "Nom de naissance", "Geburtsname")),
    text("firstNames", "identity", l("First names", "Prénoms", "Vornamen")).required(),
    f("birthDate", "identity", Kind::Date, l("Date of birth", "Date de naissance", "Geburtsdatum")).required(),
    text("birthPlace", "identity", l("Place of birth", "Lieu de naissance", "Geburtsort")),
    text("ins", "identity", l("National health identity (INS)", "Matricule INS", "Französische Gesundheitsidentität (INS)")).only_in(FR),
    code("insStatus", "identity", &[
        o("provisional", l("Provisional", "Identité provisoire", "Vorläufig")),
        o("retrieved", l("Retrieved", "Identité récupérée", "Abgerufen")),
        o("validated", l("Validated", "Identité validée", "Geprüft")),
        o("qualified", l("Qualified", "Identité qualifiée", "Qualifiziert")),
    ], l("Identity status", "Statut de l’identité", "Status der Identität")).only_in(FR),
    text("kvnr", "identity", l("Health insurance number (KVNR)", "Numéro d’assuré allemand (KVNR)", "Krankenversichertennummer (KVNR)")).only_in(DE),
    text("hospitalNumber", "identity", l("Number in the sending hospital", "IPP de l’établissement", "Patientennummer im Haus")),
    text("address", "identity", l("Street", "Adresse", "Straße")),
    text("postcode", "identity", l("Postcode", "Code postal", "Postleitzahl")),
    text("city", "identity", l("Town", "Commune", "Ort")),
    text("phone", "identity", l("Telephone", "Téléphone", "Telefon")),
    text("email", "identity", l("Email", "Courriel", "E-Mail")),
    code("household", "identity", &[
        o("alone", l("Lives alone", "Vit seul", "Alleinlebend")),
        o("partner", l("With a partner", "En couple", "Mit Partner")),
        o("family", l("With family", "En famille", "Mit Familie")),
        o("facility", l("In a facility", "En établissement", "In einer Einrichtung")),
        o("homeless", l("Homeless", "Sans domicile", "Wohnungslos")),
    ], l("Household", "Situation familiale", "Wohnsituation")),
    // Contacts and legal
    text("trustedPerson", "contacts", l("Trusted person", "Personne de confiance", "Vertrauensperson")).hint(CONTACT),
    text("emergencyContact", "contacts", l("Emergency contact", "Personne à prévenir", "Notfallkontakt")).hint(CONTACT),
    text("guardian", "contacts", l("Guardian and scope", "Mandataire judiciaire et étendue", "Rechtliche Betreuung und Aufgabenkreise")).required().when("legalProtection", &["guardian"]),
    text("advanceDirective", "contacts", l("Advance directive", "Directives anticipées", "Patientenverfügung")).multiline(),
    text("generalPractitioner", "contacts", l("General practitioner", "Médecin traitant", "Hausarzt")),
    text("homeCare", "contacts", l("Home care until now", "Aides et soins en place", "Bisheriger Pflegedienst")),
    // Payer
    text("payerName", "payer", l("Name of the payer", "Caisse", "Name des Kostenträgers")),
    text("payerNumber", "payer", l("Number of the payer", "Numéro de caisse", "Institutionskennzeichen (IK)")),
    text("approvalNumber", "payer", l("Number of the cost approval", "Numéro d’accord préalable", "Aktenzeichen der Kostenzusage")),
    // Current stay
    f("admissionDate", "stay", Kind::Date, l("Date of admission", "Date d’admission", "Aufnahmedatum")),
    text("ward", "stay", l("Ward and room", "Service et chambre", "Station und Zimmer")),
    text("physician", "stay", l("Attending physician", "Médecin référent du séjour", "Behandelnder Arzt")),
    text("contactPhone", "stay", l("Contact for questions", "Contact pour questions", "Ansprechperson für Rückfragen")).required().hint(
        l("Name, telephone, hours", "Nom, téléphone, horaires", "Name, Telefonnummer, Zeiten")),
    text("diagnosis", "stay", l("Main diagnosis", "Diagnostic principal", "Hauptdiagnose")).required(),
    text("diagnosisCode", "stay", l("ICD-10 code", "Code CIM-10", "ICD-10-GM-Code")),
    text("diagnoses", "stay", l("Other diagnoses and history", "Diagnostics associés et antécédents", "Nebendiagnosen und Vorgeschichte")).multiline().hint(LIST),
    text("procedures", "stay", l("Operations and procedures", "Interventions et actes", "Operationen und Prozeduren")).multiline().hint(LIST),
    text("course", "stay", l("Course and summary", "Synthèse médicale", "Epikrise und Verlauf")).multiline(),
    text("pending", "stay", l("Pending results and appointments", "Résultats et rendez-vous en attente", "Ausstehende Befunde und Termine")).multiline(),
    text("physicianCall", "stay", l("Call between physicians", "Accord téléphonique entre médecins", "Arzt-Arzt-Gespräch")).multiline().only_for(&[CareFamily::Acute]).hint(
        l("Who, when, what was agreed", "Qui, quand, ce qui est convenu", "Wer, wann, was vereinbart wurde")),
    // Vital signs
    text("bloodPressure", "vitals", l("Blood pressure", "Tension artérielle", "Blutdruck")).hint(
        l("For example 130/80 mmHg", "Par exemple 130/80 mmHg", "Zum Beispiel 130/80 mmHg")),
    number("heartRate", l("Heart rate", "Fréquence cardiaque", "Herzfrequenz")).range(20.0, 250.0).unit("/min"),
    number("respiratoryRate", l("Respiratory rate", "Fréquence respiratoire", "Atemfrequenz")).range(4.0, 80.0).unit("/min"),
    number("oxygenSaturation", l("Oxygen saturation", "Saturation en oxygène", "Sauerstoffsättigung")).range(40.0, 100.0).unit("%"),
    number("temperature", l("Temperature", "Température", "Temperatur")).range(28.0, 43.0).decimals(1).unit("°C"),
    number("bodyWeight", l("Body weight", "Poids", "Körpergewicht")).range(0.3, 400.0).decimals(1).unit("kg"),
    number("height", l("Height", "Taille", "Größe")).range(20.0, 250.0).unit("cm"),
    number("pain", l("Pain (0 to 10)", "Douleur (0 à 10)", "Schmerz (NRS 0 bis 10)")).range(0.0, 10.0),
    // Allergies and treatment
    text("allergyList", "treatment", l("Allergies and intolerances", "Allergies et intolérances", "Allergien und Unverträglichkeiten")).multiline().hint(LIST).required().when("allergies", &["yes"]),
    text("medication", "treatment", l("Medication plan", "Traitements en cours", "Medikationsplan")).multiline().required().hint(l(
        "Drug, dose, times, reason; one per line", "Médicament, dose, horaires, motif ; un par ligne",
        "Wirkstoff, Dosis, Zeiten, Grund; je Zeile ein Medikament")),
    text("medicationChanges", "treatment",
        l("Stopped or changed drugs, with reason", "Traitements arrêtés ou modifiés, motif", "Abgesetzte oder geänderte Medikamente, Grund")).multiline(),
    text("germDetails", "treatment",
        l("Germs: site, date, last swabs", "Germes : site, date, derniers prélèvements", "Erreger: Ort, Datum, letzte Abstriche")).multiline(),
    text("devices", "treatment", l("Devices and implants", "Dispositifs et implants", "Geräte und Implantate")).multiline().hint(LIST),
    text("woundDetails", "treatment",
        l("Wounds: site, stage, size, dressing", "Plaies : site, stade, taille, pansement", "Wunden: Ort, Grad, Größe, Verband")).multiline(),
    text("vaccinations", "treatment", l("Vaccinations", "Vaccins", "Impfstatus")).multiline(),
    // Nursing
    text("nursingNotes", "nursing",
        l("Problems, measures, goals, habits", "Problèmes, actions, objectifs, habitudes", "Pflegeprobleme, Maßnahmen, Ziele, Gewohnheiten")).multiline(),
    text("diet", "nursing", l("Diet and texture", "Régime et texture", "Kostform und Konsistenz (IDDSI)")),
    text("aids", "nursing", l("Aids owned", "Aides techniques personnelles", "Vorhandene Hilfsmittel")).hint(LIST).multiline(),
    text("socialReport", "nursing", l("Social report", "Bilan social", "Sozialbericht")).multiline(),
];
