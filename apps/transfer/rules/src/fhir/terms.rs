//! What codes and words of a record mean for the form.
//!
//! Codes first (ICD-10 in its German and French editions, a few of SNOMED CT, ATC); words where records carry none that
//! is agreed on, as with devices and isolation. Words are looked for in English, French and German.

use super::model::Concept;

/// The diagnosis group of a condition.
pub(super) fn diagnosis_group(code: &Concept) -> Option<&'static str> {
    icd(code).and_then(group_of_icd).or_else(|| {
        let snomed = code.code_in("snomed")?;
        SNOMED_GROUPS
            .iter()
            .find(|(_, codes)| codes.contains(&snomed))
            .map(|(group, _)| *group)
    })
}

/// The ICD-10 code of a condition.
pub(super) fn icd(code: &Concept) -> Option<&str> {
    code.code_in("icd-10")
        .or_else(|| code.code_in("cim-10"))
        .or_else(|| code.code_in("2.16.840.1.113883.6.3"))
}

/// By chapter, finer groups first.
fn group_of_icd(code: &str) -> Option<&'static str> {
    let mut characters = code.chars();
    let letter = characters.next()?.to_ascii_uppercase();
    let number: u32 = characters.as_str().get(..2)?.parse().ok()?;
    Some(match (letter, number) {
        ('I', 60..=64 | 69) | ('G', 45..=46) => "stroke",
        ('F', 0..=3) | ('G', 30..=31) => "dementia",
        ('F', 10..=19) => "addiction",
        ('F', _) => "psychiatry",
        ('G', _) => "neurology",
        ('I', _) => "heart",
        ('J', _) => "lung",
        ('A' | 'B', _) | ('U', 7) => "infection",
        ('K', _) => "digestion",
        ('N', _) => "kidney",
        ('E', _) => "metabolism",
        ('C', _) | ('D', 0..=48) => "cancer",
        ('D', _) => "blood",
        ('S', 72) => "hipFracture",
        ('S', _) | ('T', 0..=35) => "trauma",
        ('M', _) => "joints",
        ('L', _) => "skin",
        ('O', _) => "pregnancy",
        ('P', _) => "newborn",
        ('R', 26 | 29 | 54 | 64) => "frailty",
        ('H' | 'Q' | 'R' | 'T', _) => "other",
        _ => return None,
    })
}

/// Frequent disorders of SNOMED CT.
const SNOMED_GROUPS: &[(&str, &[&str])] = &[
    ("stroke", &["230690007", "266257000", "422504002"]),
    (
        "neurology",
        &["49049000", "84757009", "24700007", "128613002"],
    ),
    ("dementia", &["26929004", "52448006", "230265002"]),
    (
        "heart",
        &[
            "22298006",
            "84114007",
            "88805009",
            "49436004",
            "53741008",
            "38341003",
            "59621000",
            "414545008",
        ],
    ),
    (
        "lung",
        &[
            "13645005",
            "195967001",
            "233604007",
            "10509002",
            "87433001",
            "185086009",
            "233678006",
        ],
    ),
    (
        "infection",
        &["840539006", "91302008", "186431008", "266096002"],
    ),
    (
        "kidney",
        &[
            "46177005",
            "431857002",
            "433144002",
            "431855005",
            "433146000",
            "68566005",
        ],
    ),
    (
        "metabolism",
        &[
            "44054006",
            "46635009",
            "15777000",
            "237599002",
            "162864005",
            "414916001",
        ],
    ),
    (
        "cancer",
        &[
            "363406005",
            "254637007",
            "254837009",
            "126906006",
            "92691004",
            "109838007",
            "424132000",
        ],
    ),
    ("blood", &["271737000"]),
    ("hipFracture", &["359817006", "5913000"]),
    (
        "trauma",
        &[
            "263102004",
            "16114001",
            "58150001",
            "65966004",
            "33737001",
            "403191005",
            "62106007",
            "110030002",
            "39848009",
            "370247008",
        ],
    ),
    (
        "joints",
        &[
            "239872002",
            "239873007",
            "69896004",
            "64859006",
            "396275006",
        ],
    ),
    (
        "psychiatry",
        &["370143000", "36923009", "58214004", "47505003"],
    ),
    ("addiction", &["7200002", "5602001", "6525002"]),
    (
        "pregnancy",
        &["72892002", "398254007", "47200007", "79586000"],
    ),
];

/// Whether a text holds a word; short ones as a word of their own.
fn says(text: &str, word: &str) -> bool {
    if word.len() > 5 {
        return text.contains(word);
    }
    text.split(|character: char| !character.is_alphanumeric())
        .any(|part| part == word)
}

type Words = &'static [(&'static str, &'static [&'static str])];

fn first_of(table: Words, text: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(_, words)| words.iter().any(|word| says(text, word)))
        .map(|(code, _)| *code)
}

/// The equipment that a device or a procedure means. The order decides: what is more special stands first.
pub(super) fn equipment(code: &Concept) -> Option<&'static str> {
    const WORDS: Words = &[
        (
            "peritonealDialysis",
            &[
                "peritoneal dialysis",
                "dialyse péritonéale",
                "peritonealdialyse",
            ],
        ),
        (
            "dialysis",
            &["dialysis", "dialyse", "hémodialyse", "hämodialyse"],
        ),
        (
            "tracheostomy",
            &["tracheost", "tracheotomy", "trachéotomie", "trachéostomie"],
        ),
        (
            "niv",
            &[
                "non-invasive ventilation",
                "noninvasive ventilation",
                "cpap",
                "bipap",
                "ventilation non invasive",
                "nichtinvasive beatmung",
            ],
        ),
        (
            "ventilation",
            &[
                "mechanical ventilat",
                "artificial respiration",
                "ventilator",
                "ventilation invasive",
                "invasive beatmung",
                "beatmungsgerät",
            ],
        ),
        (
            "oxygen",
            &[
                "oxygen therapy",
                "oxygen concentrator",
                "oxygénothérapie",
                "sauerstofftherapie",
                "sauerstoffkonzentrator",
            ],
        ),
        (
            "centralLine",
            &[
                "central venous",
                "picc",
                "port-a-cath",
                "cathéter central",
                "zentralvenös",
                "portkatheter",
            ],
        ),
        (
            "feedingTube",
            &[
                "gastrostomy",
                "nasogastric",
                "feeding tube",
                "gastrostomie",
                "sonde nasogastrique",
                "magensonde",
                "ernährungssonde",
            ],
        ),
        (
            "parenteral",
            &[
                "parenteral nutrition",
                "nutrition parentérale",
                "parenterale ernährung",
            ],
        ),
        (
            "urinaryCatheter",
            &[
                "urinary catheter",
                "urethral catheter",
                "sonde urinaire",
                "sonde vésicale",
                "blasenkatheter",
                "harnkatheter",
            ],
        ),
        (
            "stoma",
            &[
                "colostomy",
                "ileostomy",
                "urostomy",
                "colostomie",
                "iléostomie",
                "kolostoma",
                "ileostoma",
            ],
        ),
        (
            "negativePressure",
            &[
                "negative pressure wound",
                "pression négative",
                "vakuumtherapie",
            ],
        ),
        (
            "wheelchair",
            &["wheelchair", "fauteuil roulant", "rollstuhl"],
        ),
    ];
    const SNOMED: Words = &[
        ("peritonealDialysis", &["71192002"]),
        ("dialysis", &["265764009", "302497006"]),
        ("ventilation", &["40617009"]),
        ("oxygen", &["57485005"]),
    ];
    let by_code = code.code_in("snomed").and_then(|held| {
        SNOMED
            .iter()
            .find(|(_, codes)| codes.contains(&held))
            .map(|(code, _)| *code)
    });
    by_code.or_else(|| first_of(WORDS, &code.words()))
}

/// The equipment that a condition means: Z codes of dependence.
pub(super) fn equipment_of_icd(code: &str) -> Option<&'static str> {
    const PREFIXES: &[(&str, &str)] = &[
        ("Z99.2", "dialysis"),
        ("Z99.1", "ventilation"),
        ("Z93.0", "tracheostomy"),
        ("Z43.0", "tracheostomy"),
        ("Z93.1", "feedingTube"),
        ("Z43.1", "feedingTube"),
        ("Z93.2", "stoma"),
        ("Z93.3", "stoma"),
        ("Z93.6", "stoma"),
        ("Z99.3", "wheelchair"),
    ];
    let code = code.to_ascii_uppercase();
    PREFIXES
        .iter()
        .find(|(prefix, _)| code.starts_with(prefix))
        .map(|(_, equipment)| *equipment)
}

/// The isolation that a flag asks for.
pub(super) fn isolation(words: &str) -> Option<&'static str> {
    const TYPES: Words = &[
        (
            "airborne",
            &[
                "airborne",
                "aerogen",
                "aerogene",
                "précautions air",
                "isolement air",
            ],
        ),
        ("droplet", &["droplet", "gouttelettes", "tröpfchen"]),
        (
            "protective",
            &[
                "protective isolation",
                "reverse isolation",
                "isolement protecteur",
                "umkehrisolation",
            ],
        ),
        (
            "contact",
            &[
                "contact isolation",
                "contact precaution",
                "précautions contact",
                "isolement contact",
                "kontaktisolation",
            ],
        ),
    ];
    first_of(TYPES, words)
}

/// The germ that a flag or a condition names.
pub(super) fn germ(code: &Concept) -> Option<&'static str> {
    const ICD: &[(&str, &str)] = &[
        ("A04.7", "cdiff"),
        ("A08.1", "norovirus"),
        ("A15", "tuberculosis"),
        ("A16", "tuberculosis"),
        ("B86", "scabies"),
        ("J09", "influenza"),
        ("J10", "influenza"),
        ("U07.1", "covid"),
        ("U80.0", "mrsa"),
    ];
    const WORDS: Words = &[
        (
            "mrsa",
            &[
                "mrsa",
                "sarm",
                "methicillin resistant",
                "methicillin-resistant",
            ],
        ),
        ("mrgn4", &["4mrgn", "carbapenem", "bhre", "epc"]),
        ("mrgn3", &["3mrgn", "esbl", "blse"]),
        (
            "vre",
            &["vre", "vancomycin resistant", "vancomycin-resistant"],
        ),
        ("cdiff", &["difficile"]),
        ("norovirus", &["norovirus"]),
        (
            "covid",
            &[
                "covid",
                "sars-cov-2",
                "disease caused by severe acute respiratory syndrome coronavirus 2",
            ],
        ),
        ("scabies", &["scabies", "skabies"]),
    ];
    let by_code = icd(code).and_then(|held| {
        let held = held.to_ascii_uppercase();
        ICD.iter()
            .find(|(prefix, _)| held.starts_with(prefix))
            .map(|(_, germ)| *germ)
    });
    by_code.or_else(|| first_of(WORDS, &code.words()))
}

/// What a drug means for planning: by ATC, else by its name.
pub(super) fn drug(code: &Concept) -> Option<&'static str> {
    const ATC: &[(&str, &str)] = &[
        ("B01A", "anticoagulation"),
        ("A10A", "insulin"),
        ("N02A", "opioids"),
        ("L01", "chemotherapy"),
    ];
    // Antiplatelet drugs are in B01A too and are no anticoagulation.
    const NOT: &str = "B01AC";
    const WORDS: Words = &[
        ("insulin", &["insulin"]),
        (
            "anticoagulation",
            &[
                "warfarin",
                "phenprocoumon",
                "fluindion",
                "acenocoumarol",
                "apixaban",
                "rivaroxaban",
                "edoxaban",
                "dabigatran",
                "heparin",
                "enoxaparin",
                "héparine",
                "énoxaparine",
            ],
        ),
        (
            "opioids",
            &[
                "morphin",
                "oxycodon",
                "hydromorphon",
                "fentanyl",
                "buprenorphin",
                "tilidin",
                "tramadol",
                "methadon",
            ],
        ),
    ];
    if let Some(atc) = code.code_in("atc") {
        let atc = atc.to_ascii_uppercase();
        if atc.starts_with(NOT) {
            return None;
        }
        return ATC
            .iter()
            .find(|(prefix, _)| atc.starts_with(prefix))
            .map(|(_, drug)| *drug);
    }
    first_of(WORDS, &code.words())
}

/// The payer class of a German coverage.
pub(super) fn payer(kind: &Concept) -> Option<&'static str> {
    let code = kind
        .code_in("versicherungsart")
        .or_else(|| kind.code_in("fhir.de"))?;
    Some(match code {
        "GKV" => "statutory",
        "PKV" => "private",
        "BG" => "accident",
        "SEL" => "self",
        "SOZ" => "socialAid",
        _ => return None,
    })
}

/// The care grade of `observation-de-pflegegrad`: OPS codes.
pub(super) fn pflegegrad(value: &Concept) -> Option<&'static str> {
    let code = value.code_in("ops")?.to_ascii_lowercase();
    Some(match code.strip_prefix("9-984.")? {
        "6" => "1",
        "7" => "2",
        "8" => "3",
        "9" => "4",
        "a" => "5",
        "b" => "applied",
        _ => return None,
    })
}
