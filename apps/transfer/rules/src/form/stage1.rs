//! Stage 1: coded, without a name; about two minutes to fill in, enough to decide on.
//!
//! The tables are laid out by hand, a row to a line, so that the three languages can be compared.

use super::{Choice, DE, FR, Field, Kind, Options, Section, base, o, oc, ok};
use crate::care::CareFamily;
use crate::label::{Labels, l};

const fn section(id: &'static str, labels: Labels) -> Section {
    Section {
        id,
        stage: 1,
        labels,
    }
}

#[rustfmt::skip]
pub(super) const SECTIONS: &[Section] = &[
    section("request", l("What is asked for", "Demande", "Anfrage")),
    section("person", l("Person", "Personne", "Person (ohne Namen)")),
    section("illness", l("Illness", "Maladie", "Erkrankung")),
    section("safety", l("Safety and infection", "Sécurité et infection", "Sicherheit und Infektion")),
    section("equipment", l("Equipment and treatments", "Matériel et traitements", "Geräte und Behandlungen")),
    section("function", l("Function and care load", "Autonomie et charge en soins", "Selbstständigkeit und Pflegeaufwand")),
    section("afterwards", l("Rehabilitation and plan", "Rééducation et projet", "Rehabilitation und Perspektive")),
    section("hospital", l("For hospitals", "Pour les hôpitaux", "Für Krankenhäuser")),
];

const fn f(id: &'static str, section: &'static str, kind: Kind, labels: Labels) -> Field {
    base(id, section, 1, kind, labels)
}

const fn code(
    id: &'static str,
    section: &'static str,
    options: &'static [Choice],
    labels: Labels,
) -> Field {
    f(id, section, Kind::Code, labels).options_of(options)
}

const fn codes(
    id: &'static str,
    section: &'static str,
    options: &'static [Choice],
    labels: Labels,
) -> Field {
    f(id, section, Kind::Codes, labels).options_of(options)
}

const fn postcode(field: Field) -> Field {
    Field {
        postcode_prefix: true,
        hint: Some(l(
            "First two or three digits of the postcode",
            "Deux ou trois premiers chiffres du code postal",
            "Die ersten zwei oder drei Ziffern der Postleitzahl",
        )),
        ..field
    }
}

const NONE: Choice = o("none", l("None", "Aucun", "Keine"));
const UNKNOWN: Choice = o("unknown", l("Unknown", "Inconnu", "Unbekannt"));

#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    // What is asked for
    Field { options: Options::Urgencies, ..f("urgency", "request", Kind::Code, l("Urgency", "Degré d’urgence", "Dringlichkeit")).required() },
    Field {
        options: Options::CareTypes,
        ..f("careType", "request", Kind::Code, l("Type of care", "Type de prise en charge", "Versorgungsform")).required()
    },
    code("purpose", "request", &[
        o("emergency", l("Admission from emergency", "Hospitalisation depuis les urgences", "Aufnahme aus der Notaufnahme")),
        o("stepUp", l("Higher level of care", "Niveau de soins supérieur", "Höhere Versorgungsstufe")),
        o("stepDown", l("Lower level of care", "Niveau de soins inférieur", "Niedrigere Versorgungsstufe")),
        o("specialty",
            l("Specialty or equipment not available here", "Spécialité ou plateau technique absent", "Fachgebiet oder Ausstattung fehlt hier")),
        o("capacity", l("No bed here", "Défaut de place", "Keine Kapazität im Haus")),
        o("repatriation", l("Return near home", "Rapprochement du domicile", "Rückverlegung in Wohnortnähe")),
        o("rehabilitation",
            l("Rehabilitation after a hospital stay", "Rééducation après hospitalisation", "Rehabilitation nach Krankenhausaufenthalt")),
        o("longTerm", l("Long-term care", "Prise en charge au long cours", "Dauerhafte Pflege")),
        o("respite", l("Respite for carers", "Répit des aidants", "Entlastung der Pflegeperson")),
        o("palliative", l("Palliative care", "Soins palliatifs", "Palliativversorgung")),
    ], l("Reason for the transfer", "Motif du transfert", "Verlegungsgrund")).required(),
    f("dateFrom", "request", Kind::Date, l("Wanted from", "Date souhaitée, au plus tôt", "Wunschtermin, frühestens")).required(),
    f("dateTo", "request", Kind::Date, l("Wanted by", "Date souhaitée, au plus tard", "Wunschtermin, spätestens")),
    f("readyOn", "request", Kind::Date, l("Medically ready on", "Sortant médicalement le", "Entlassfähig ab")).required(),
    code("duration", "request", &[
        o("days7", l("Up to 7 days", "Jusqu’à 7 jours", "Bis 7 Tage")),
        o("weeks3", l("1 to 3 weeks", "1 à 3 semaines", "1 bis 3 Wochen")),
        o("weeks8", l("3 to 8 weeks", "3 à 8 semaines", "3 bis 8 Wochen")),
        o("months6", l("2 to 6 months", "2 à 6 mois", "2 bis 6 Monate")),
        o("unlimited", l("Without limit", "Sans limite", "Unbefristet")),
        UNKNOWN,
    ], l("Expected duration", "Durée prévue", "Voraussichtliche Dauer")),
    postcode(f("area", "request", Kind::Text, l("Wanted area", "Secteur souhaité", "Wunschort"))).required(),
    f("distance", "request", Kind::Number, l("Radius", "Rayon", "Umkreis")).range(1.0, 500.0).unit("km"),
    f("returnPromised", "request", Kind::Flag,
        l("Return to the sending facility is promised", "Retour dans l’établissement d’origine garanti", "Rückübernahme zugesagt")),
    f("singleRoom", "request", Kind::Flag, l("Single room wanted", "Chambre particulière souhaitée", "Einzelzimmer gewünscht (Wahlleistung)")),
    // Person
    code("ageBand", "person", AGE_BANDS, l("Age band", "Tranche d’âge", "Altersgruppe")).required(),
    code("sex", "person", &[
        o("female", l("Female", "Féminin", "Weiblich")),
        o("male", l("Male", "Masculin", "Männlich")),
        o("other", l("Other or diverse", "Autre", "Divers")),
        UNKNOWN,
    ], l("Sex, for placement", "Sexe, pour l’hébergement", "Geschlecht, für die Belegung")).required(),
    postcode(f("residenceArea", "person", Kind::Text, l("Area of residence", "Zone de résidence", "Wohnregion"))),
    code("language", "person", LANGUAGES, l("Language", "Langue", "Sprache")).required(),
    f("interpreter", "person", Kind::Flag, l("Interpreter needed", "Interprète nécessaire", "Dolmetscher erforderlich")),
    code("payer", "person", &[
        oc("statutory", DE, l("Statutory health insurance", "Assurance maladie légale allemande", "Gesetzlich versichert (GKV)")),
        oc("private", DE, l("Private health insurance", "Assurance maladie privée allemande", "Privat versichert (PKV)")),
        oc("civilServant", DE, l("Civil servants’ aid", "Aide aux fonctionnaires allemands", "Beihilfe")),
        oc("accident", DE, l("Statutory accident insurance", "Assurance accident allemande", "Unfallversicherung (BG)")),
        oc("general", FR, l("General scheme", "Régime général", "Französische Grundversicherung")),
        oc("longIllness", FR, l("General scheme, long illness", "Régime général avec ALD", "Französische Grundversicherung, Langzeiterkrankung")),
        oc("otherScheme", FR, l("Other scheme (MSA, special)", "Autre régime (MSA, spécial)", "Anderes französisches System")),
        oc("solidarity", FR, l("Solidarity cover (C2S, AME)", "C2S ou AME", "Französische Sozialabsicherung")),
        o("socialAid", l("Social aid", "Aide sociale", "Sozialhilfe")),
        o("self", l("Self-payer", "À ses frais", "Selbstzahler")),
        o("none", l("No cover yet", "Droits non ouverts", "Kostenträger ungeklärt")),
    ], l("Payer class", "Couverture", "Kostenträger")).required(),
    code("costApproval", "person", &[
        o("notNeeded", l("Not needed", "Non nécessaire", "Nicht erforderlich")),
        o("toAsk", l("Still to be asked", "À demander", "Noch zu beantragen")),
        o("asked", l("Asked", "Demandé", "Beantragt")),
        o("granted", l("Granted", "Accordé", "Bewilligt")),
        o("refused", l("Refused", "Refusé", "Abgelehnt")),
    ], l("Cost approval", "Accord préalable", "Kostenzusage")),
    code("legalProtection", "person", &[
        NONE,
        o("asked", l("In progress", "Demande en cours", "Betreuung beantragt")),
        o("guardian", l("Guardian appointed", "Curatelle ou tutelle", "Rechtliche Betreuung")),
        o("attorney", l("Power of attorney", "Mandat de protection", "Vorsorgevollmacht")),
        o("minor", l("Minor, parents decide", "Mineur, titulaires de l’autorité parentale", "Minderjährig, Sorgeberechtigte")),
    ], l("Legal protection", "Mesure de protection", "Rechtliche Vertretung")),
    code("treatmentLimits", "person", &[
        NONE,
        o("noResuscitation", l("No resuscitation", "Pas de réanimation", "Keine Reanimation (DNR)")),
        o("limited", l("Treatment limited", "Limitation de soins", "Therapiebegrenzung")),
        o("comfort", l("Comfort only", "Soins de confort exclusifs", "Nur Symptomlinderung")),
        UNKNOWN,
    ], l("Limits of treatment", "Limitation des traitements", "Therapiebegrenzung")),
    f("compulsory", "person", Kind::Flag, l("Compulsory care", "Soins sans consentement", "Unterbringung")),
    // Illness
    code("diagnosisGroup", "illness", DIAGNOSIS_GROUPS, l("Main diagnosis group", "Groupe de diagnostic principal", "Diagnosegruppe")).required(),
    f("stayDays", "illness", Kind::Number, l("Days in hospital so far", "Jours d’hospitalisation à ce jour", "Bisherige Krankenhaustage")).range(0.0, 3650.0),
    code("stability", "illness", &[
        o("stable", l("Stable", "Stable depuis plus de 48 h", "Stabil")),
        o("recent", l("Stable for less than 48 h", "Stable depuis moins de 48 h", "Seit weniger als 48 Stunden stabil")),
        o("unstable", l("Not stable", "Non stabilisé", "Nicht stabil")),
    ], l("Stability", "Stabilité clinique", "Klinische Stabilität")).required(),
    code("news2", "illness", &[
        o("low", l("Low (0 to 4)", "Faible (0 à 4)", "Niedrig (0 bis 4)")),
        o("medium", l("Medium (5 to 6)", "Moyen (5 à 6)", "Mittel (5 bis 6)")),
        o("high", l("High (7 or more)", "Élevé (7 ou plus)", "Hoch (7 oder mehr)")),
    ], l("NEWS2 band", "Score NEWS2", "NEWS2-Bereich")),
    // Safety and infection
    code("isolation", "safety", &[
        NONE,
        ok("contact", "isolation.contact", l("Contact", "Précautions contact", "Kontaktisolation")),
        ok("droplet", "isolation.droplet", l("Droplet", "Gouttelettes", "Tröpfchenisolation")),
        ok("airborne", "isolation.airborne", l("Airborne", "Air", "Aerogene Isolation")),
        ok("protective", "isolation.protective", l("Protective", "Isolement protecteur", "Umkehrisolation")),
    ], l("Isolation", "Isolement", "Isolation nach Hygieneplan")).required(),
    codes("germs", "safety", &[
        NONE,
        o("mrsa", l("MRSA", "SARM", "MRSA")),
        o("mrgn3", l("ESBL or 3MRGN", "BLSE", "ESBL oder 3MRGN")),
        o("mrgn4", l("Carbapenem-resistant (CPE)", "BHRe (EPC)", "4MRGN")),
        o("vre", l("VRE", "ERG (ERV)", "VRE")),
        o("cdiff", l("Clostridioides difficile", "Clostridioides difficile", "Clostridioides difficile")),
        o("norovirus", l("Norovirus", "Norovirus", "Norovirus")),
        o("covid", l("COVID-19", "COVID-19", "COVID-19")),
        o("influenza", l("Influenza", "Grippe", "Influenza")),
        o("tuberculosis", l("Tuberculosis", "Tuberculose", "Tuberkulose")),
        o("scabies", l("Scabies", "Gale", "Skabies")),
        o("other", l("Other", "Autre germe", "Anderer Erreger")),
    ], l("Germs", "Germes (BMR, BHRe, autres)", "Erreger")),
    code("allergies", "safety", &[o("no", l("No", "Non", "Nein")), o("yes", l("Yes, in the record", "Oui, au dossier", "Ja, siehe Akte")), UNKNOWN],
        l("Allergies", "Allergies connues", "Allergien")).required(),
    codes("risks", "safety", &[
        NONE,
        o("fall", l("Fall", "Chute", "Sturz")),
        o("wandering", l("Wandering", "Déambulation, fugue", "Weglauftendenz")),
        o("suicide", l("Suicide", "Risque suicidaire", "Suizidalität")),
        o("aggression", l("Aggression", "Agressivité", "Fremdgefährdung")),
        o("swallowing", l("Swallowing", "Fausse route", "Aspiration")),
        o("pressureUlcer", l("Pressure ulcer", "Escarre", "Dekubitusgefahr")),
    ], l("Risks", "Risques", "Risiken")).required(),
    code("restraint", "safety", &[
        NONE,
        ok("closedUnit", "closedUnit", l("Closed unit", "Unité fermée", "Geschützter Bereich")),
        o("restraints", l("Restraints prescribed", "Contention prescrite", "Freiheitsentziehende Maßnahmen (FEM)")),
    ], l("Closed unit or restraints", "Unité fermée ou contention", "Geschützter Bereich oder FEM")),
    // Equipment and treatments
    codes("equipment", "equipment", EQUIPMENT, l("Equipment and treatments", "Matériel et traitements", "Geräte und Behandlungen")).required(),
    f("oxygenFlow", "equipment", Kind::Number, l("Oxygen flow", "Débit d’oxygène", "Sauerstofffluss")).range(0.5, 60.0).decimals(1).unit("L/min").required().when("equipment", &["oxygen"]),
    f("weight", "equipment", Kind::Number, l("Weight", "Poids", "Gewicht")).range(80.0, 400.0).unit("kg").required().when("equipment", &["bariatric"]),
    code("wounds", "equipment", &[
        NONE,
        o("simple", l("Simple dressing", "Pansement simple", "Einfacher Verband")),
        o("complex", l("Complex wound", "Plaie complexe", "Komplexe Wunde")),
        o("ulcer12", l("Pressure ulcer, stage 1 to 2", "Escarre, stade 1 à 2", "Dekubitus, Grad 1 bis 2")),
        ok("ulcer34", "specialMattress", l("Pressure ulcer, stage 3 to 4", "Escarre, stade 3 à 4", "Dekubitus, Grad 3 bis 4")),
    ], l("Wounds", "Plaies", "Wunden")).required(),
    codes("drugs", "equipment", &[
        NONE,
        o("anticoagulation", l("Anticoagulation", "Anticoagulant", "Antikoagulation")),
        o("insulin", l("Insulin", "Insuline", "Insulintherapie")),
        o("opioids", l("Opioids", "Morphiniques", "Opioide (BTM)")),
        ok("ivAntibiotics", "ivAntibiotics", l("Intravenous antibiotics", "Antibiotiques intraveineux", "Intravenöse Antibiotika")),
        ok("chemotherapy", "chemotherapy", l("Chemotherapy", "Chimiothérapie", "Zytostatika")),
        o("costly", l("Other costly drug", "Autre médicament onéreux", "Anderes hochpreisiges Medikament")),
    ], l("Drugs to plan for", "Médicaments à anticiper", "Besondere Medikation")),
    // Function and care load
    code("mobility", "function", &[
        o("independent", l("Walks alone", "Marche seul", "Geht selbstständig")),
        o("aid", l("Walks with an aid", "Marche avec aide technique", "Geht mit Hilfsmittel")),
        o("person", l("Walks with a person", "Marche avec une personne", "Geht mit Begleitung")),
        o("wheelchair", l("Wheelchair", "Fauteuil roulant", "Rollstuhl")),
        o("bed", l("Confined to bed", "Alité", "Bettlägerig")),
    ], l("Mobility", "Mobilité", "Fortbewegung")).required(),
    code("transfers", "function", DEPENDENCE, l("Transfers", "Transferts", "Transfer (Bett, Stuhl)")),
    code("hygiene", "function", DEPENDENCE, l("Hygiene and dressing", "Toilette et habillage", "Körperpflege und Kleiden")).required(),
    code("eating", "function", DEPENDENCE, l("Eating and drinking", "Alimentation et hydratation", "Essen und Trinken")).required(),
    code("continence", "function", &[
        o("continent", l("Continent", "Continence conservée", "Kontinent")),
        o("urine", l("Urine", "Incontinence urinaire", "Harninkontinenz")),
        o("both", l("Urine and stool", "Incontinence double", "Harn- und Stuhlinkontinenz")),
        o("device", l("Catheter or stoma", "Sonde ou stomie", "Katheter oder Stoma")),
    ], l("Continence", "Continence urinaire et fécale", "Kontinenz")).required(),
    code("communication", "function", &[
        o("clear", l("Clear", "Se fait comprendre", "Uneingeschränkt")),
        o("limited", l("Limited (hearing, sight, speech)", "Limitée (audition, vue, parole)", "Eingeschränkt (Hören, Sehen, Sprechen)")),
        o("none", l("Not possible", "Impossible", "Nicht möglich")),
    ], l("Making oneself understood", "Se faire comprendre", "Kommunikation")),
    code("cognition", "function", &[
        o("clear", l("Clear and oriented", "Cohérent et orienté", "Orientiert")),
        o("mild", l("Mildly impaired", "Troubles légers", "Leicht eingeschränkt")),
        o("moderate", l("Moderately impaired", "Troubles modérés", "Mäßig eingeschränkt")),
        o("severe", l("Severely impaired", "Troubles sévères", "Schwer eingeschränkt")),
        o("delirium", l("Delirium at present", "Confusion aiguë actuelle", "Akutes Delir")),
        o("coma", l("Consciousness impaired", "Trouble de la conscience", "Bewusstseinsstörung")),
    ], l("Cognition", "Cognition et orientation", "Kognition und Orientierung")).required(),
    codes("behaviour", "function", &[
        NONE,
        o("calling", l("Calling out", "Cris", "Rufen")),
        o("agitation", l("Agitation", "Agitation psychomotrice", "Unruhe")),
        o("refusesCare", l("Refuses care", "Refus de soins", "Lehnt Pflege ab")),
        o("night", l("Reversed day and night", "Inversion du rythme nycthéméral", "Tag-Nacht-Umkehr")),
        o("depression", l("Depressed", "Dépression", "Depressiv")),
        o("delusion", l("Delusions or hallucinations", "Délire ou hallucinations", "Wahn oder Halluzinationen")),
        o("addiction", l("Addiction", "Conduite addictive", "Suchtverhalten")),
    ], l("Behaviour", "Comportement", "Verhalten und Psyche")).required(),
    code("careLoad", "function", &[
        o("light", l("Light (under 1 hour a day)", "Légère (moins de 1 h par jour)", "Gering (unter 1 Stunde am Tag)")),
        o("medium", l("Medium (1 to 3 hours a day)", "Moyenne (1 à 3 h par jour)", "Mittel (1 bis 3 Stunden am Tag)")),
        o("heavy", l("Heavy (over 3 hours a day)", "Lourde (plus de 3 h par jour)", "Hoch (über 3 Stunden am Tag)")),
        o("nights", l("Heavy, with care at night", "Lourde, avec soins la nuit", "Hoch, auch nachts")),
        o("constant", l("Constant presence", "Présence permanente", "Ständige Anwesenheit (1:1)")),
    ], l("Care load", "Charge en soins", "Pflegeaufwand")).required(),
    f("barthel", "function", Kind::Number, l("Barthel index", "Indice de Barthel", "Barthel-Index")).range(0.0, 100.0).hint(
        l("0 to 100, higher is more independent", "0 à 100, plus élevé = plus autonome", "0 bis 100, höher = selbstständiger")),
    f("braden", "function", Kind::Number, l("Braden scale", "Échelle de Braden", "Braden-Skala")).range(6.0, 23.0).hint(l(
        "6 to 23, lower is more risk of pressure ulcers", "6 à 23, plus bas = plus de risque d’escarre",
        "6 bis 23, niedriger = höheres Dekubitusrisiko")),
    f("cfs", "function", Kind::Number, l("Clinical frailty scale", "Échelle de fragilité clinique (CFS)", "Klinische Frailty-Skala (CFS)")).range(1.0, 9.0).hint(
        l("1 to 9, higher is frailer", "1 à 9, plus élevé = plus fragile", "1 bis 9, höher = gebrechlicher")),
    code("gir", "function", &[
        o("1", l("GIR 1, most dependent", "GIR 1, dépendance la plus lourde", "GIR 1, höchste Abhängigkeit")),
        o("2", l("GIR 2, very dependent", "GIR 2, dépendance très lourde", "GIR 2, sehr hohe Abhängigkeit")),
        o("3", l("GIR 3, dependent", "GIR 3, dépendance lourde", "GIR 3, hohe Abhängigkeit")),
        o("4", l("GIR 4, partly dependent", "GIR 4, dépendance partielle", "GIR 4, teilweise Abhängigkeit")),
        o("5", l("GIR 5, occasional help", "GIR 5, aide ponctuelle", "GIR 5, gelegentliche Hilfe")),
        o("6", l("GIR 6, independent", "GIR 6, autonome", "GIR 6, selbstständig")),
        o("unknown", l("Not assessed", "Non évalué", "Nicht eingestuft")),
    ], l("GIR (AGGIR)", "Groupe iso-ressources (GIR)", "Französische Pflegestufe (GIR)")).only_in(FR).hint(
        l("1 is the most dependent, 6 is independent", "1 = le plus dépendant, 6 = autonome", "1 = am stärksten abhängig, 6 = selbstständig")),
    code("pflegegrad", "function", &[
        o("none", l("None", "Aucun degré", "Kein Pflegegrad")),
        o("applied", l("Applied for", "Demandé", "Beantragt")),
        o("1", l("Care grade 1, slight need", "Degré 1, besoin léger", "Pflegegrad 1, geringe Beeinträchtigung")),
        o("2", l("Care grade 2, considerable need", "Degré 2, besoin important", "Pflegegrad 2, erhebliche Beeinträchtigung")),
        o("3", l("Care grade 3, severe need", "Degré 3, besoin lourd", "Pflegegrad 3, schwere Beeinträchtigung")),
        o("4", l("Care grade 4, most severe need", "Degré 4, besoin très lourd", "Pflegegrad 4, schwerste Beeinträchtigung")),
        o("5",
            l("Care grade 5, most severe need, special demands", "Degré 5, besoin extrême", "Pflegegrad 5, schwerste mit besonderen Anforderungen")),
    ], l("Care grade (Pflegegrad)", "Degré de dépendance allemand (Pflegegrad)", "Pflegegrad")).only_in(DE).hint(
        l("1 is the least need, 5 the greatest", "1 = besoin le plus faible, 5 = le plus élevé", "1 = geringster, 5 = höchster Bedarf")),
    // Rehabilitation and plan
    codes("therapies", "afterwards", &[
        NONE,
        o("physiotherapy", l("Physiotherapy", "Kinésithérapie", "Physiotherapie")),
        o("occupational", l("Occupational therapy", "Ergothérapie", "Ergotherapie")),
        o("speech", l("Speech and swallowing therapy", "Orthophonie", "Logopädie")),
        o("neuropsychology", l("Neuropsychology", "Neuropsychologie", "Klinische Neuropsychologie")),
        o("dietetics", l("Dietetics", "Diététique", "Ernährungsberatung")),
        o("social", l("Social work", "Service social", "Sozialdienst")),
    ], l("Therapies needed", "Rééducation nécessaire", "Therapiebedarf")),
    code("rehabPotential", "afterwards", &[
        o("good", l("Good", "Bon", "Gut")),
        o("limited", l("Limited", "Limité", "Eingeschränkt")),
        o("unclear", l("Unclear", "À évaluer", "Noch unklar")),
    ], l("Rehabilitation potential", "Potentiel de récupération", "Rehabilitationspotenzial")).required().only_for(&[CareFamily::Rehab]),
    code("planAfter", "afterwards", &[
        o("homeAlone", l("Home, lives alone", "Domicile, vit seul", "Nach Hause, alleinlebend")),
        o("homeFamily", l("Home, with relatives", "Domicile, avec entourage", "Nach Hause, mit Angehörigen")),
        o("homeServices", l("Home, with services", "Domicile, avec aides", "Nach Hause, mit Pflegedienst")),
        o("nursingHome", l("Nursing home", "EHPAD ou USLD", "Pflegeheim")),
        o("previous", l("Back to the previous facility", "Retour en établissement d’origine", "Zurück in die bisherige Einrichtung")),
        o("stays", l("Stays", "Séjour définitif", "Bleibt dauerhaft")),
        o("open", l("Open", "Non défini", "Noch offen")),
    ], l("Plan after the stay", "Projet de sortie", "Anschlussperspektive")).required(),
    code("housing", "afterwards", &[
        o("suitable", l("Suitable", "Adapté", "Geeignet")),
        o("stairs", l("Stairs without a lift", "Étage sans ascenseur", "Treppen ohne Aufzug")),
        o("unsuitable", l("Not suitable", "Inadapté", "Nicht geeignet")),
        o("homeless", l("Homeless", "Sans domicile", "Wohnungslos")),
    ], l("Housing", "Logement", "Wohnverhältnisse")),
    code("patientWish", "afterwards", &[
        o("agrees", l("Agrees", "D’accord", "Einverstanden")),
        o("hesitates", l("Hesitates", "Hésitant", "Unentschlossen")),
        o("cannotSay", l("Cannot say", "Ne peut s’exprimer", "Kann sich nicht äußern")),
    ], l("The patient’s wish", "Choix du patient", "Patientenwunsch")).required(),
    // For hospitals
    code("levelOfCare", "hospital", &[
        o("ward", l("Ward", "Hospitalisation conventionnelle", "Normalstation")),
        ok("imc", "telemetry", l("Intermediate care", "Soins continus (USC)", "Überwachung (IMC)")),
        ok("icu", "ventilation", l("Intensive care", "Réanimation", "Intensivstation")),
    ], l("Level of care", "Niveau de soins", "Versorgungsstufe")).required().only_for(&[CareFamily::Acute]),
    f("gestationalWeeks", "hospital", Kind::Number, l("Weeks of pregnancy", "Terme (SA)", "Schwangerschaftswochen (SSW)")).range(4.0, 44.0).required().when("careType", &["acute.obstetrics"]).hint(
        l("Counted from the last period", "En semaines d’aménorrhée", "Gezählt ab der letzten Periode")),
    f("foetuses", "hospital", Kind::Number, l("Number of foetuses", "Nombre de fœtus", "Anzahl der Feten")).range(1.0, 6.0).when("careType", &["acute.obstetrics"]),
    code("neonatalLevel", "hospital", &[
        o("basic", l("Maternity without neonatology", "Maternité de niveau I", "Geburtsklinik")),
        ok("neonatal", "neonatology", l("With neonatology", "Maternité de niveau II", "Perinataler Schwerpunkt")),
        ok("intensive", "neonatology", l("With neonatal intensive care", "Maternité de niveau III", "Perinatalzentrum Level 1 oder 2")),
    ], l("Level of maternity", "Niveau de maternité", "Versorgungsstufe der Geburtsklinik")).when("careType", &["acute.obstetrics"]),
];

/// Exact years for children, five-year bands from 20 on.
#[rustfmt::skip]
const AGE_BANDS: &[Choice] = &[
    o("0", l("Under 1 year", "Moins de 1 an", "Unter 1 Jahr")),
    o("1", l("1 year", "1 an", "1 Jahr")),
    o("2", l("2 years", "2 ans", "2 Jahre")),
    o("3", l("3 years", "3 ans", "3 Jahre")),
    o("4", l("4 years", "4 ans", "4 Jahre")),
    o("5", l("5 years", "5 ans", "5 Jahre")),
    o("6", l("6 years", "6 ans", "6 Jahre")),
    o("7", l("7 years", "7 ans", "7 Jahre")),
    o("8", l("8 years", "8 ans", "8 Jahre")),
    o("9", l("9 years", "9 ans", "9 Jahre")),
    o("10", l("10 years", "10 ans", "10 Jahre")),
    o("11", l("11 years", "11 ans", "11 Jahre")),
    o("12", l("12 years", "12 ans", "12 Jahre")),
    o("13", l("13 years", "13 ans", "13 Jahre")),
    o("14", l("14 years", "14 ans", "14 Jahre")),
    o("15", l("15 years", "15 ans", "15 Jahre")),
    o("16", l("16 years", "16 ans", "16 Jahre")),
    o("17", l("17 years", "17 ans", "17 Jahre")),
    o("18-19", l("18 to 19", "18 à 19 ans", "18 bis 19")),
    o("20-24", l("20 to 24", "20 à 24 ans", "20 bis 24")),
    o("25-29", l("25 to 29", "25 à 29 ans", "25 bis 29")),
    o("30-34", l("30 to 34", "30 à 34 ans", "30 bis 34")),
    o("35-39", l("35 to 39", "35 à 39 ans", "35 bis 39")),
    o("40-44", l("40 to 44", "40 à 44 ans", "40 bis 44")),
    o("45-49", l("45 to 49", "45 à 49 ans", "45 bis 49")),
    o("50-54", l("50 to 54", "50 à 54 ans", "50 bis 54")),
    o("55-59", l("55 to 59", "55 à 59 ans", "55 bis 59")),
    o("60-64", l("60 to 64", "60 à 64 ans", "60 bis 64")),
    o("65-69", l("65 to 69", "65 à 69 ans", "65 bis 69")),
    o("70-74", l("70 to 74", "70 à 74 ans", "70 bis 74")),
    o("75-79", l("75 to 79", "75 à 79 ans", "75 bis 79")),
    o("80-84", l("80 to 84", "80 à 84 ans", "80 bis 84")),
    o("85-89", l("85 to 89", "85 à 89 ans", "85 bis 89")),
    o("90+", l("90 and older", "90 ans et plus", "90 und älter")),
];

/// BCP 47.
#[rustfmt::skip]
const LANGUAGES: &[Choice] = &[
    o("fr", l("French", "Français", "Französisch")),
    o("de", l("German", "Allemand", "Deutsch")),
    o("en", l("English", "Anglais", "Englisch")),
    o("ar", l("Arabic", "Arabe", "Arabisch")),
    o("es", l("Spanish", "Espagnol", "Spanisch")),
    o("fa", l("Persian", "Persan", "Persisch")),
    o("it", l("Italian", "Italien", "Italienisch")),
    o("pl", l("Polish", "Polonais", "Polnisch")),
    o("pt", l("Portuguese", "Portugais", "Portugiesisch")),
    o("ro", l("Romanian", "Roumain", "Rumänisch")),
    o("ru", l("Russian", "Russe", "Russisch")),
    o("tr", l("Turkish", "Turc", "Türkisch")),
    o("uk", l("Ukrainian", "Ukrainien", "Ukrainisch")),
    o("sign", l("Sign language", "Langue des signes", "Gebärdensprache")),
    o("other", l("Other", "Autre langue", "Andere Sprache")),
];

#[rustfmt::skip]
const DIAGNOSIS_GROUPS: &[Choice] = &[
    o("stroke", l("Stroke", "AVC", "Schlaganfall")),
    o("neurology", l("Other neurology", "Autre neurologie", "Andere Neurologie")),
    o("dementia", l("Dementia", "Démence", "Demenz")),
    o("heart", l("Heart and vessels", "Cœur et vaisseaux", "Herz und Gefäße")),
    o("lung", l("Lungs and airways", "Poumons et voies respiratoires", "Lunge und Atemwege")),
    o("infection", l("Infection", "Maladie infectieuse", "Infektion")),
    o("digestion", l("Digestive system", "Appareil digestif", "Verdauungssystem")),
    o("kidney", l("Kidneys and urinary tract", "Reins et voies urinaires", "Nieren und Harnwege")),
    o("metabolism", l("Diabetes and metabolism", "Diabète et métabolisme", "Diabetes und Stoffwechsel")),
    o("cancer", l("Cancer", "Cancérologie", "Krebserkrankung")),
    o("blood", l("Blood and immunity", "Sang et immunité", "Blut und Immunsystem")),
    o("hipFracture", l("Hip fracture", "Fracture du col du fémur", "Hüftnahe Fraktur")),
    o("trauma", l("Other injury", "Autre traumatisme", "Andere Verletzung")),
    o("joints", l("Joints, spine, muscles", "Articulations, rachis, muscles", "Gelenke, Wirbelsäule, Muskeln")),
    o("skin", l("Skin", "Peau", "Haut")),
    o("psychiatry", l("Mental illness", "Trouble psychique", "Psychische Erkrankung")),
    o("addiction", l("Addiction", "Addictologie", "Suchterkrankung")),
    o("pregnancy", l("Pregnancy and birth", "Grossesse et accouchement", "Schwangerschaft und Geburt")),
    o("newborn", l("Newborn", "Nouveau-né", "Neugeborenes")),
    o("frailty", l("Frailty and functional decline", "Fragilité, perte d’autonomie", "Gebrechlichkeit, Funktionsverlust")),
    o("other", l("Other", "Autre", "Andere")),
];

#[rustfmt::skip]
const DEPENDENCE: &[Choice] = &[
    o("independent", l("Independent", "Autonome", "Selbstständig")),
    o("partial", l("With help", "Aide partielle", "Mit Unterstützung")),
    o("total", l("Fully dependent", "Aide totale", "Vollständig abhängig")),
];

#[rustfmt::skip]
const EQUIPMENT: &[Choice] = &[
    NONE,
    ok("oxygen", "oxygen", l("Oxygen", "Oxygène", "Sauerstoff")),
    ok("niv", "niv", l("Non-invasive ventilation", "Ventilation non invasive (VNI)", "Nichtinvasive Beatmung (NIV)")),
    ok("ventilation", "ventilation", l("Invasive ventilation", "Ventilation invasive", "Invasive Beatmung")),
    ok("suction", "suction", l("Airway suction", "Aspiration trachéale", "Absaugen der Atemwege")),
    ok("tracheostomy", "tracheostomy", l("Tracheostomy", "Trachéotomie", "Tracheostoma")),
    ok("dialysis", "dialysis", l("Haemodialysis", "Hémodialyse", "Hämodialyse")),
    ok("peritonealDialysis", "peritonealDialysis", l("Peritoneal dialysis", "Dialyse péritonéale", "Peritonealdialyse")),
    ok("centralLine", "centralLine",
        l("Central line, PICC or port", "Voie centrale, PICC ou chambre implantable", "Zentraler Zugang, PICC oder Port")),
    ok("pump", "pump", l("Syringe or infusion pump", "Pousse-seringue ou pompe", "Perfusor oder Infusionspumpe")),
    ok("feedingTube", "tubeFeeding", l("Feeding tube or PEG", "Sonde nasogastrique ou gastrostomie", "Magensonde oder PEG")),
    ok("parenteral", "parenteralNutrition", l("Parenteral nutrition", "Nutrition parentérale", "Parenterale Ernährung")),
    o("urinaryCatheter", l("Urinary catheter", "Sonde urinaire", "Blasenkatheter")),
    o("stoma", l("Stoma", "Stomie", "Stoma (Darm, Blase)")),
    o("drain", l("Drain", "Drainage", "Drainagen")),
    ok("negativePressure", "complexWounds", l("Negative pressure wound therapy", "Traitement par pression négative (TPN)", "Vakuumtherapie (VAC)")),
    ok("telemetry", "telemetry", l("Monitoring", "Surveillance scopée", "Monitorüberwachung")),
    ok("bariatric", "bariatric", l("Bariatric equipment", "Matériel bariatrique", "Schwerlastausstattung")),
    ok("specialMattress", "specialMattress", l("Pressure-relieving mattress", "Matelas anti-escarres", "Dekubitusmatratze")),
    ok("lift", "lift", l("Patient lift", "Lève-personne", "Patientenlifter")),
    o("wheelchair", l("Wheelchair", "Fauteuil roulant", "Rollstuhl")),
];
