//! Invented patients: answers of the form that a rule-abiding social worker would give, with names marked TEST.

use rand_core::Rng;
use serde_json::{Value, json};
use transfer_rules::form::{Answers, Kind, ProblemCode, check, field};

/// What somebody lies in hospital with, and where he is to go.
#[derive(Clone, Copy, Debug)]
struct Illness {
    care_type: &'static str,
    urgency: &'static str,
    purpose: &'static str,
    group: &'static str,
    /// Diagnosis in French and in German, and its code.
    diagnosis: [&'static str; 3],
    /// Barthel and Braden.
    scores: [u32; 2],
    mobility: &'static str,
    care_load: &'static str,
    cognition: &'static str,
    plan: &'static str,
    equipment: &'static [&'static str],
    risks: &'static [&'static str],
    /// What is taken, one line for each drug.
    medication: &'static str,
    /// Age, from and to.
    age: [u64; 2],
}

const ILLNESSES: &[Illness] = &[
    Illness {
        care_type: "rehab.geriatric",
        urgency: "planned",
        purpose: "rehabilitation",
        group: "hipFracture",
        diagnosis: [
            "Fracture du col fémoral droit, prothèse intermédiaire",
            "Schenkelhalsfraktur rechts, Duokopfprothese",
            "S72.0",
        ],
        scores: [45, 17],
        mobility: "aid",
        care_load: "medium",
        cognition: "clear",
        plan: "homeServices",
        equipment: &["wheelchair"],
        risks: &["fall"],
        medication: "Paracetamol 1 g 1-1-1-1\nApixaban 2,5 mg 1-0-1\nRamipril 5 mg 1-0-0",
        age: [76, 93],
    },
    Illness {
        care_type: "rehab.neuroC",
        urgency: "planned",
        purpose: "rehabilitation",
        group: "stroke",
        diagnosis: [
            "AVC ischémique sylvien gauche, hémiparésie droite, aphasie",
            "Ischämischer Mediainfarkt links, Hemiparese rechts, Aphasie",
            "I63.4",
        ],
        scores: [30, 15],
        mobility: "wheelchair",
        care_load: "heavy",
        cognition: "mild",
        plan: "homeFamily",
        equipment: &["wheelchair", "specialMattress"],
        risks: &["fall", "swallowing"],
        medication: "Clopidogrel 75 mg 1-0-0\nAtorvastatin 40 mg 0-0-1\nRamipril 5 mg 1-0-0",
        age: [58, 84],
    },
    Illness {
        care_type: "nursing.shortTerm",
        urgency: "planned",
        purpose: "respite",
        group: "lung",
        diagnosis: [
            "Exacerbation de BPCO, oxygénothérapie",
            "Exazerbierte COPD, Sauerstofftherapie",
            "J44.1",
        ],
        scores: [60, 18],
        mobility: "aid",
        care_load: "medium",
        cognition: "clear",
        plan: "homeServices",
        equipment: &["oxygen"],
        risks: &["fall"],
        medication: "Salbutamol 100 µg 2-2-2-2\nTiotropium 18 µg 1-0-0\nPrednisolon 5 mg 1-0-0",
        age: [66, 86],
    },
    Illness {
        care_type: "nursing.longTerm",
        urgency: "planned",
        purpose: "longTerm",
        group: "frailty",
        diagnosis: [
            "Perte d’autonomie, chutes à répétition",
            "Geriatrisches Syndrom mit rezidivierenden Stürzen",
            "R54",
        ],
        scores: [35, 14],
        mobility: "person",
        care_load: "heavy",
        cognition: "moderate",
        plan: "nursingHome",
        equipment: &["lift"],
        risks: &["fall", "pressureUlcer"],
        medication: "Bisoprolol 2,5 mg 1-0-0\nMacrogol 1-0-0\nMirtazapin 15 mg 0-0-1",
        age: [82, 97],
    },
    Illness {
        care_type: "nursing.dementia",
        urgency: "planned",
        purpose: "longTerm",
        group: "dementia",
        diagnosis: [
            "Maladie d’Alzheimer, stade sévère, déambulation",
            "Alzheimer-Demenz, schwer, mit Weglauftendenz",
            "G30.1",
        ],
        scores: [50, 18],
        mobility: "independent",
        care_load: "heavy",
        cognition: "severe",
        plan: "nursingHome",
        equipment: &["none"],
        risks: &["wandering", "fall"],
        medication: "Donepezil 10 mg 0-0-1\nMelperon 25 mg 0-0-1",
        age: [74, 92],
    },
    Illness {
        care_type: "rehab.orthopaedic",
        urgency: "planned",
        purpose: "rehabilitation",
        group: "joints",
        diagnosis: [
            "Prothèse totale de genou gauche",
            "Knie-Totalendoprothese links",
            "M17.1",
        ],
        scores: [75, 21],
        mobility: "aid",
        care_load: "light",
        cognition: "clear",
        plan: "homeAlone",
        equipment: &["none"],
        risks: &["fall"],
        medication: "Ibuprofen 400 mg 1-1-1\nPantoprazol 20 mg 1-0-0\nRivaroxaban 10 mg 1-0-0",
        age: [58, 79],
    },
    Illness {
        care_type: "home.nursing",
        urgency: "planned",
        purpose: "stepDown",
        group: "heart",
        diagnosis: [
            "Insuffisance cardiaque décompensée",
            "Dekompensierte Herzinsuffizienz",
            "I50.1",
        ],
        scores: [70, 20],
        mobility: "aid",
        care_load: "light",
        cognition: "clear",
        plan: "homeServices",
        equipment: &["none"],
        risks: &["fall"],
        medication: "Torasemid 20 mg 1-0-0\nBisoprolol 5 mg 1-0-0\nSacubitril/Valsartan 49/51 mg 1-0-1",
        age: [70, 90],
    },
    Illness {
        care_type: "palliative.unit",
        urgency: "sameDay",
        purpose: "palliative",
        group: "cancer",
        diagnosis: [
            "Cancer du pancréas métastatique, douleurs",
            "Metastasiertes Pankreaskarzinom, Schmerzen",
            "C25.9",
        ],
        scores: [25, 13],
        mobility: "bed",
        care_load: "heavy",
        cognition: "clear",
        plan: "stays",
        equipment: &["pump", "centralLine"],
        risks: &["pressureUlcer"],
        medication: "Morphin 60 mg/24 h s.c.\nMetoclopramid 10 mg 1-1-1\nDexamethason 4 mg 1-0-0",
        age: [52, 84],
    },
    Illness {
        care_type: "acute.imc",
        urgency: "emergency",
        purpose: "specialty",
        group: "infection",
        diagnosis: ["Sepsis d’origine urinaire", "Urosepsis", "A41.5"],
        scores: [10, 11],
        mobility: "bed",
        care_load: "constant",
        cognition: "delirium",
        plan: "previous",
        equipment: &["oxygen", "centralLine", "telemetry", "urinaryCatheter"],
        risks: &["fall", "pressureUlcer"],
        medication: "Piperacillin/Tazobactam 4,5 g 1-1-1 i.v.\nNoradrenalin 0,05 µg/kg/min",
        age: [61, 88],
    },
];

const FRENCH: [&[&str]; 3] = [
    &[
        "Muller",
        "Schneider",
        "Weiss",
        "Jung",
        "Bernard",
        "Lefèvre",
        "Roux",
        "Simon",
        "Girard",
        "Faure",
    ],
    &["Marie", "Jeanne", "Suzanne", "Françoise", "Monique"],
    &["Jean", "Pierre", "René", "André", "Bernard"],
];
const GERMAN: [&[&str]; 3] = [
    &[
        "Müller", "Huber", "Schmidt", "Fischer", "Wagner", "Becker", "Hofmann", "König", "Krause",
        "Jäger",
    ],
    &["Ursula", "Helga", "Gerda", "Ingrid", "Renate"],
    &["Heinz", "Werner", "Günter", "Klaus", "Manfred"],
];

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Answers of both stages for an invented patient of a hospital in `country`, whose postcode begins with `area`; `now` is
/// in milliseconds since 1970.
#[must_use]
pub fn patient(country: &str, area: &str, now: i64, rng: &mut dyn Rng) -> Answers {
    let Some(illness) = pick(ILLNESSES, rng) else {
        return Answers::new();
    };
    let [family, women, men] = if country == "FR" { FRENCH } else { GERMAN };
    let woman = rng.next_u32().is_multiple_of(2);
    let first = pick(if woman { women } else { men }, rng).copied();
    let [youngest, oldest] = illness.age;
    let age = youngest.saturating_add(below(oldest.saturating_sub(youngest).max(1), rng));
    let born = 2026_u64.saturating_sub(age);
    let stay = 3_i64.saturating_add(i64::try_from(below(25, rng)).unwrap_or(0));
    let day = |offset: i64| date(now.saturating_add(offset.saturating_mul(DAY)));
    let (language, payer, score) = if country == "FR" {
        (
            "fr",
            ["general", "longIllness", "otherScheme"],
            ("gir", "3"),
        )
    } else {
        (
            "de",
            ["statutory", "statutory", "private"],
            ("pflegegrad", "3"),
        )
    };
    let [french, german, code] = illness.diagnosis;
    let mut answers = Answers::new();
    let mut put = |name: &str, value: Value| {
        answers.insert(name.to_owned(), value);
    };
    put("urgency", json!(illness.urgency));
    put("careType", json!(illness.care_type));
    put("purpose", json!(illness.purpose));
    let (from, to) = match illness.urgency {
        "emergency" => (0, 0),
        "sameDay" => (0, 1),
        _ => (1, 6),
    };
    put("dateFrom", json!(day(from)));
    put("dateTo", json!(day(to)));
    put("readyOn", json!(day(0)));
    put("duration", json!("weeks3"));
    put("area", json!(area));
    put("distance", json!(40));
    put("ageBand", json!(age_band(age)));
    put("sex", json!(if woman { "female" } else { "male" }));
    put("language", json!(language));
    put("payer", json!(pick(&payer, rng)));
    put("diagnosisGroup", json!(illness.group));
    put("stayDays", json!(stay));
    put("equipment", json!(illness.equipment));
    put("risks", json!(illness.risks));
    put("mobility", json!(illness.mobility));
    put("careLoad", json!(illness.care_load));
    put("cognition", json!(illness.cognition));
    put("barthel", json!(illness.scores[0]));
    put("braden", json!(illness.scores[1]));
    put(score.0, json!(score.1));
    if illness.equipment.contains(&"urinaryCatheter") {
        put("continence", json!("device"));
    }
    if illness.care_type == "acute.imc" {
        put("levelOfCare", json!("imc"));
        put("stability", json!("unstable"));
    }
    put("planAfter", json!(illness.plan));
    put("patientWish", json!("agrees"));
    put(
        "familyName",
        json!(format!("{} TEST", pick(family, rng).unwrap_or(&"Test"))),
    );
    put("firstNames", json!(first.unwrap_or("Test")));
    put(
        "birthDate",
        json!(format!(
            "{born}-{:02}-{:02}",
            below(12, rng).saturating_add(1),
            below(28, rng).saturating_add(1)
        )),
    );
    put("admissionDate", json!(day(stay.saturating_neg())));
    put(
        "contactPhone",
        json!("Sozialdienst / service social, 8-16 h"),
    );
    put(
        "diagnosis",
        json!(if country == "FR" { french } else { german }),
    );
    put("diagnosisCode", json!(code));
    put("medication", json!(illness.medication));
    complete(&mut answers);
    answers
}

/// Answers what is still asked for with what is most usual, until the rules are content.
fn complete(answers: &mut Answers) {
    // An answer may make another field asked for; no chain is longer than this.
    for _ in 0..4 {
        for stage in [1, 2] {
            for problem in check(stage, answers) {
                if problem.code == ProblemCode::Required
                    && let Some(value) = usual(&problem.field)
                {
                    answers.insert(problem.field, value);
                }
            }
        }
    }
}

/// The answer that most patients would have.
fn usual(id: &str) -> Option<Value> {
    const CALM: &[&str] = &[
        "none",
        "no",
        "stable",
        "clear",
        "continent",
        "partial",
        "good",
        "ward",
        "agrees",
        "basic",
    ];
    let field = field(id)?;
    let options = field.options();
    let code = CALM
        .iter()
        .copied()
        .find(|calm| field.has_option(calm))
        .or_else(|| options.first().map(|choice| choice.code));
    Some(match field.kind {
        Kind::Code => json!(code?),
        Kind::Codes => json!([code?]),
        Kind::Number => json!(field.min.unwrap_or(1.0).max(2.0)),
        Kind::Flag => json!(false),
        Kind::Date => json!("2026-01-01"),
        Kind::Text => json!("TEST"),
    })
}

/// The letter that goes with a patient, in the language of the country.
#[must_use]
pub fn letter(country: &str, answers: &Answers) -> (String, Vec<String>) {
    let word = |id: &str| answers.get(id).and_then(Value::as_str).unwrap_or_default();
    let (title, labels) = if country == "FR" {
        (
            "Lettre de liaison",
            [
                "Patient",
                "Date de naissance",
                "Diagnostic principal",
                "Traitement en cours",
            ],
        )
    } else {
        (
            "Arztbrief",
            ["Patient", "Geburtsdatum", "Hauptdiagnose", "Medikation"],
        )
    };
    let mut lines = vec![
        format!(
            "{} : {}, {}",
            labels[0],
            word("familyName"),
            word("firstNames")
        ),
        format!("{} : {}", labels[1], word("birthDate")),
        String::new(),
        format!(
            "{} : {} ({})",
            labels[2],
            word("diagnosis"),
            word("diagnosisCode")
        ),
        String::new(),
        format!("{} :", labels[3]),
    ];
    lines.extend(word("medication").lines().map(|drug| format!("  {drug}")));
    (title.to_owned(), lines)
}

fn pick<'a, T>(from: &'a [T], rng: &mut dyn Rng) -> Option<&'a T> {
    let count = u64::try_from(from.len()).ok()?;
    from.get(usize::try_from(below(count, rng)).ok()?)
}

/// A number below `end`, which is small: that some are a little more likely does not matter here.
fn below(end: u64, rng: &mut dyn Rng) -> u64 {
    rng.next_u64().checked_rem(end).unwrap_or(0)
}

/// The five-year band that the form knows an age by.
fn age_band(age: u64) -> String {
    if age >= 90 {
        return "90+".to_owned();
    }
    let from = age.saturating_sub(age % 5);
    format!("{from}-{}", from.saturating_add(4))
}

/// The day of an instant, in UTC.
fn date(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .to_string()
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn every_patient_satisfies_the_rules() {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        for number in 0..200 {
            let country = if number % 2 == 0 { "FR" } else { "DE" };
            let answers = patient(country, "67", 1_795_000_000_000, &mut rng);
            for stage in [1, 2] {
                let problems = check(stage, &answers);
                assert!(problems.is_empty(), "{problems:?} of {answers:?}");
            }
            assert!(answers["familyName"].as_str().unwrap().ends_with("TEST"));
            let (_, lines) = letter(country, &answers);
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains("mg") || line.contains("µg")),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_patients() {
        let make = || patient("DE", "77", 0, &mut ChaCha20Rng::seed_from_u64(3));
        assert_eq!(make(), make());
    }

    #[test]
    fn days_are_written_as_the_form_wants_them() {
        assert_eq!(date(1_795_305_600_000), "2026-11-22");
    }
}
