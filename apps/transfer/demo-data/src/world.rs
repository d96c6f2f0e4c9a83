//! Who there is: facilities on both sides of the Rhine and the people who work there. All invented; telephone
//! numbers are from the ranges that both countries keep free for fiction.

/// When somebody answers the telephone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hours {
    /// Day and night.
    Always,
    /// Monday to Saturday, 7 to 20.
    Long,
    /// Monday to Friday, 8 to 17.
    Office,
}

/// A facility and its people.
#[derive(Clone, Copy, Debug)]
pub struct Facility {
    /// Short name, for addresses.
    pub key: &'static str,
    /// Name that people know it by.
    pub name: &'static str,
    /// `FR` or `DE`.
    pub country: &'static str,
    /// Town.
    pub city: &'static str,
    /// Postcode.
    pub postcode: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What kinds of care it gives.
    pub families: &'static [&'static str],
    /// What it can look after.
    pub capabilities: &'static [&'static str],
    /// Languages spoken there.
    pub languages: &'static [&'static str],
    /// Telephone.
    pub phone: &'static str,
    /// When it answers.
    pub hours: Hours,
    /// Who works there; the first is its administrator.
    pub people: &'static [Person],
}

/// A facility that can be asked and is not registered yet.
#[derive(Clone, Copy, Debug)]
pub struct Unregistered {
    /// What a public register calls it. The numbers are invented: no register gives out such.
    pub identifier: &'static str,
    /// Short name, for its address.
    pub key: &'static str,
    /// Name that people know it by.
    pub name: &'static str,
    /// `FR` or `DE`.
    pub country: &'static str,
    /// Town.
    pub city: &'static str,
    /// Postcode.
    pub postcode: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What kinds of care it gives.
    pub families: &'static [&'static str],
    /// Telephone.
    pub phone: &'static str,
}

/// Facilities that are not registered yet: one for each part of the story in which somebody is asked who is not there.
pub const UNREGISTERED: &[Unregistered] = &[
    Unregistered {
        identifier: "finess:670099901",
        key: "les-glycines",
        name: "SMR Les Glycines",
        country: "FR",
        city: "Bischwiller",
        postcode: "67240",
        latitude: 48.768,
        longitude: 7.857,
        families: &["REHAB"],
        phone: "+33 3 53 01 90 01",
    },
    Unregistered {
        identifier: "finess:670099902",
        key: "la-roseraie",
        name: "EHPAD La Roseraie du Kochersberg",
        country: "FR",
        city: "Truchtersheim",
        postcode: "67370",
        latitude: 48.662,
        longitude: 7.606,
        families: &["NURSING"],
        phone: "+33 3 53 01 90 02",
    },
    Unregistered {
        identifier: "ik:260999903",
        key: "rehaklinik-rebland",
        name: "Rehaklinik Rebland",
        country: "DE",
        city: "Achern",
        postcode: "77855",
        latitude: 48.631,
        longitude: 8.076,
        families: &["REHAB", "NURSING"],
        phone: "+49 30 23125 903",
    },
];

/// Somebody who works at a facility.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
    /// What the person does there, as the role picker says it: English, French, German.
    pub role: [&'static str; 3],
}

impl Facility {
    /// The name with which a person of this facility signs in.
    #[must_use]
    pub fn login(&self, person: &Person) -> String {
        let plain = |text: &str| {
            text.to_lowercase()
                .replace(['é', 'è', 'ê', 'ë'], "e")
                .replace(['ç'], "c")
                .replace('ä', "ae")
                .replace('ö', "oe")
                .replace('ü', "ue")
                .replace('ß', "ss")
                .replace([' ', '\''], "-")
        };
        let (given, family) = (plain(person.given), plain(person.family));
        format!("{given}.{family}@{}.example", self.key)
    }

    /// Where its notifications go.
    #[must_use]
    pub fn mailbox(&self) -> String {
        format!("transfers@{}.example", self.key)
    }
}

const SOCIAL: [&str; 3] = ["Social worker", "Assistante sociale", "Sozialdienst"];
const CASE: [&str; 3] = [
    "Case manager",
    "Coordinatrice de parcours",
    "Case-Managerin",
];
const BEDS: [&str; 3] = ["Bed manager", "Gestionnaire de lits", "Bettenmanagement"];
const INTAKE: [&str; 3] = [
    "Intake nurse",
    "Infirmière des admissions",
    "Aufnahmepflege",
];
const HEAD: [&str; 3] = ["Head of nursing", "Cadre de santé", "Pflegedienstleitung"];
const DOCTOR: [&str; 3] = ["Physician", "Médecin", "Ärztin"];

macro_rules! people {
    ($($given:literal $family:literal $role:ident),+ $(,)?) => {
        &[$(Person { given: $given, family: $family, role: $role }),+]
    };
}

/// All facilities; the first four are the ones of the story.
pub const FACILITIES: &[Facility] = &[
    Facility {
        key: "saint-roch",
        name: "Hôpital Saint-Roch",
        country: "FR",
        city: "Strasbourg",
        postcode: "67000",
        latitude: 48.5734,
        longitude: 7.7521,
        families: &["ACUTE"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "ventilation",
            "dialysis",
            "telemetry",
            "bariatric",
        ],
        languages: &["fr", "de", "en"],
        phone: "+33 3 53 01 10 10",
        hours: Hours::Always,
        people: people!["Claire" "Moreau" SOCIAL, "Hugo" "Lambert" BEDS, "Nadia" "Benali" DOCTOR],
    },
    Facility {
        key: "klinik-am-park",
        name: "Klinik am Park",
        country: "DE",
        city: "Offenburg",
        postcode: "77654",
        latitude: 48.4732,
        longitude: 7.9498,
        families: &["REHAB"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "bariatric",
            "parenteralNutrition",
            "tubeFeeding",
        ],
        languages: &["de", "fr"],
        phone: "+49 30 23125 110",
        hours: Hours::Long,
        people: people!["Jonas" "Weber" INTAKE, "Petra" "Schäfer" HEAD],
    },
    Facility {
        key: "les-tilleuls",
        name: "EHPAD Les Tilleuls",
        country: "FR",
        city: "Illkirch-Graffenstaden",
        postcode: "67400",
        latitude: 48.5290,
        longitude: 7.7160,
        families: &["NURSING"],
        capabilities: &["oxygen", "closedUnit"],
        languages: &["fr"],
        phone: "+33 3 53 01 20 20",
        hours: Hours::Office,
        people: people!["Sylvie" "Garnier" INTAKE, "Marc" "Petit" HEAD],
    },
    Facility {
        key: "ortenau",
        name: "Ortenau Krankenhaus",
        country: "DE",
        city: "Lahr",
        postcode: "77933",
        latitude: 48.3392,
        longitude: 7.8722,
        families: &["ACUTE"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "ventilation",
            "dialysis",
            "tracheostomy",
            "telemetry",
        ],
        languages: &["de", "en"],
        phone: "+49 30 23125 120",
        hours: Hours::Always,
        people: people!["Miriam" "Vogel" CASE, "Stefan" "Brandt" BEDS],
    },
    Facility {
        key: "clinique-du-rhin",
        name: "Clinique du Rhin",
        country: "FR",
        city: "Strasbourg",
        postcode: "67100",
        latitude: 48.556,
        longitude: 7.763,
        families: &["REHAB"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "tracheostomy",
        ],
        languages: &["fr", "en"],
        phone: "+33 3 53 01 11 11",
        hours: Hours::Long,
        people: people!["Isabelle" "Roth" INTAKE, "Paul" "Meyer" DOCTOR],
    },
    Facility {
        key: "haguenau",
        name: "Centre hospitalier de la Moder",
        country: "FR",
        city: "Haguenau",
        postcode: "67500",
        latitude: 48.8156,
        longitude: 7.7886,
        families: &["ACUTE", "PALLIATIVE"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "dialysis",
            "telemetry",
        ],
        languages: &["fr", "de"],
        phone: "+33 3 53 01 12 12",
        hours: Hours::Always,
        people: people!["Lucie" "Fischer" SOCIAL, "Thomas" "Klein" BEDS],
    },
    Facility {
        key: "colmar",
        name: "Hôpital des Trois Épis",
        country: "FR",
        city: "Colmar",
        postcode: "68000",
        latitude: 48.0794,
        longitude: 7.3585,
        families: &["ACUTE"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "ventilation",
            "telemetry",
        ],
        languages: &["fr", "de"],
        phone: "+33 3 53 01 13 13",
        hours: Hours::Always,
        people: people!["Anne" "Schmitt" SOCIAL],
    },
    Facility {
        key: "selestat",
        name: "SMR de l'Ill",
        country: "FR",
        city: "Sélestat",
        postcode: "67600",
        latitude: 48.2594,
        longitude: 7.454,
        families: &["REHAB"],
        capabilities: &["oxygen", "parenteralNutrition", "tubeFeeding"],
        languages: &["fr"],
        phone: "+33 3 53 01 14 14",
        hours: Hours::Long,
        people: people!["Bruno" "Keller" INTAKE],
    },
    Facility {
        key: "mulhouse",
        name: "Clinique de la Doller",
        country: "FR",
        city: "Mulhouse",
        postcode: "68100",
        latitude: 47.7508,
        longitude: 7.3359,
        families: &["REHAB"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "bariatric",
        ],
        languages: &["fr", "de"],
        phone: "+33 3 53 01 15 15",
        hours: Hours::Long,
        people: people!["Karim" "Haddad" INTAKE],
    },
    Facility {
        key: "saverne",
        name: "EHPAD du Haut-Barr",
        country: "FR",
        city: "Saverne",
        postcode: "67700",
        latitude: 48.7417,
        longitude: 7.362,
        families: &["NURSING"],
        capabilities: &["oxygen"],
        languages: &["fr"],
        phone: "+33 3 53 01 16 16",
        hours: Hours::Office,
        people: people!["Denise" "Wolff" INTAKE],
    },
    Facility {
        key: "wissembourg",
        name: "Résidence de la Lauter",
        country: "FR",
        city: "Wissembourg",
        postcode: "67160",
        latitude: 49.0369,
        longitude: 7.946,
        families: &["NURSING"],
        capabilities: &["closedUnit", "oxygen"],
        languages: &["fr", "de"],
        phone: "+33 3 53 01 17 17",
        hours: Hours::Office,
        people: people!["Odile" "Heitz" INTAKE],
    },
    Facility {
        key: "obernai",
        name: "Résidence Sainte-Odile",
        country: "FR",
        city: "Obernai",
        postcode: "67210",
        latitude: 48.4622,
        longitude: 7.482,
        families: &["NURSING"],
        capabilities: &["oxygen", "parenteralNutrition", "tubeFeeding"],
        languages: &["fr"],
        phone: "+33 3 53 01 18 18",
        hours: Hours::Office,
        people: people!["Martine" "Kuntz" INTAKE],
    },
    Facility {
        key: "had-alsace",
        name: "HAD Plaine du Rhin",
        country: "FR",
        city: "Strasbourg",
        postcode: "67200",
        latitude: 48.585,
        longitude: 7.704,
        families: &["HOME", "PALLIATIVE"],
        capabilities: &[
            "oxygen",
            "parenteralNutrition",
            "tubeFeeding",
            "tracheostomy",
        ],
        languages: &["fr"],
        phone: "+33 3 53 01 19 19",
        hours: Hours::Always,
        people: people!["Julien" "Baur" INTAKE],
    },
    Facility {
        key: "ssiad-erstein",
        name: "SSIAD du Ried",
        country: "FR",
        city: "Erstein",
        postcode: "67150",
        latitude: 48.423,
        longitude: 7.661,
        families: &["HOME"],
        capabilities: &["oxygen"],
        languages: &["fr", "de"],
        phone: "+33 3 53 01 21 21",
        hours: Hours::Long,
        people: people!["Elodie" "Fuchs" INTAKE],
    },
    Facility {
        key: "molsheim",
        name: "SMR de la Bruche",
        country: "FR",
        city: "Molsheim",
        postcode: "67120",
        latitude: 48.542,
        longitude: 7.492,
        families: &["REHAB"],
        capabilities: &["oxygen", "bariatric"],
        languages: &["fr"],
        phone: "+33 3 53 01 22 22",
        hours: Hours::Long,
        people: people!["Vincent" "Haas" INTAKE],
    },
    Facility {
        key: "guebwiller",
        name: "Clinique du Florival",
        country: "FR",
        city: "Guebwiller",
        postcode: "68500",
        latitude: 47.908,
        longitude: 7.21,
        families: &["REHAB", "PALLIATIVE"],
        capabilities: &["isolation.contact", "isolation.droplet", "oxygen"],
        languages: &["fr"],
        phone: "+33 3 53 01 23 23",
        hours: Hours::Long,
        people: people!["Camille" "Ritter" INTAKE],
    },
    Facility {
        key: "mas-vosges",
        name: "MAS du Donon",
        country: "FR",
        city: "Schirmeck",
        postcode: "67130",
        latitude: 48.479,
        longitude: 7.218,
        families: &["DISABILITY"],
        capabilities: &["tracheostomy", "ventilation"],
        languages: &["fr"],
        phone: "+33 3 53 01 24 24",
        hours: Hours::Office,
        people: people!["Gilles" "Humbert" INTAKE],
    },
    Facility {
        key: "freiburg",
        name: "Klinikum Dreisam",
        country: "DE",
        city: "Freiburg im Breisgau",
        postcode: "79106",
        latitude: 48.0078,
        longitude: 7.834,
        families: &["ACUTE"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "ventilation",
            "dialysis",
            "tracheostomy",
            "telemetry",
            "bariatric",
        ],
        languages: &["de", "en", "fr"],
        phone: "+49 30 23125 130",
        hours: Hours::Always,
        people: people!["Katrin" "Hoffmann" CASE, "Lars" "Neumann" BEDS],
    },
    Facility {
        key: "kehl",
        name: "Seniorenzentrum Rheinblick",
        country: "DE",
        city: "Kehl",
        postcode: "77694",
        latitude: 48.573,
        longitude: 7.815,
        families: &["NURSING"],
        capabilities: &["oxygen", "closedUnit"],
        languages: &["de", "fr"],
        phone: "+49 30 23125 131",
        hours: Hours::Office,
        people: people!["Birgit" "Kaiser" INTAKE, "Uwe" "Lang" HEAD],
    },
    Facility {
        key: "oberkirch",
        name: "Rehaklinik Renchtal",
        country: "DE",
        city: "Oberkirch",
        postcode: "77704",
        latitude: 48.531,
        longitude: 8.078,
        families: &["REHAB"],
        capabilities: &["oxygen", "bariatric"],
        languages: &["de"],
        phone: "+49 30 23125 132",
        hours: Hours::Long,
        people: people!["Silke" "Maier" INTAKE],
    },
    Facility {
        key: "baden-baden",
        name: "Neuroklinik Oostal",
        country: "DE",
        city: "Baden-Baden",
        postcode: "76530",
        latitude: 48.761,
        longitude: 8.24,
        families: &["REHAB"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "tracheostomy",
            "ventilation",
            "telemetry",
        ],
        languages: &["de", "en"],
        phone: "+49 30 23125 133",
        hours: Hours::Always,
        people: people!["Felix" "Bauer" INTAKE],
    },
    Facility {
        key: "rastatt",
        name: "Pflegehaus Murgaue",
        country: "DE",
        city: "Rastatt",
        postcode: "76437",
        latitude: 48.858,
        longitude: 8.202,
        families: &["NURSING"],
        capabilities: &["oxygen", "parenteralNutrition", "tubeFeeding"],
        languages: &["de"],
        phone: "+49 30 23125 134",
        hours: Hours::Office,
        people: people!["Heike" "Zimmer" INTAKE],
    },
    Facility {
        key: "karlsruhe",
        name: "Geriatrie am Stadtgarten",
        country: "DE",
        city: "Karlsruhe",
        postcode: "76137",
        latitude: 48.999,
        longitude: 8.403,
        families: &["REHAB", "ACUTE"],
        capabilities: &[
            "isolation.contact",
            "isolation.droplet",
            "oxygen",
            "dialysis",
        ],
        languages: &["de", "en"],
        phone: "+49 30 23125 135",
        hours: Hours::Always,
        people: people!["Andrea" "Koch" INTAKE],
    },
    Facility {
        key: "emmendingen",
        name: "Kurzzeitpflege Hochburg",
        country: "DE",
        city: "Emmendingen",
        postcode: "79312",
        latitude: 48.121,
        longitude: 7.849,
        families: &["NURSING"],
        capabilities: &["oxygen"],
        languages: &["de"],
        phone: "+49 30 23125 136",
        hours: Hours::Office,
        people: people!["Ralf" "Winter" INTAKE],
    },
    Facility {
        key: "breisach",
        name: "Haus am Münsterberg",
        country: "DE",
        city: "Breisach am Rhein",
        postcode: "79206",
        latitude: 48.029,
        longitude: 7.58,
        families: &["NURSING"],
        capabilities: &["oxygen", "closedUnit"],
        languages: &["de", "fr"],
        phone: "+49 30 23125 137",
        hours: Hours::Office,
        people: people!["Monika" "Sauer" INTAKE],
    },
    Facility {
        key: "buehl",
        name: "Ambulante Pflege Zwetschge",
        country: "DE",
        city: "Bühl",
        postcode: "77815",
        latitude: 48.695,
        longitude: 8.135,
        families: &["HOME"],
        capabilities: &["oxygen", "parenteralNutrition", "tubeFeeding"],
        languages: &["de"],
        phone: "+49 30 23125 138",
        hours: Hours::Long,
        people: people!["Tanja" "Busch" INTAKE],
    },
    Facility {
        key: "intensiv-daheim",
        name: "Intensivpflege Kinzigtal",
        country: "DE",
        city: "Gengenbach",
        postcode: "77723",
        latitude: 48.404,
        longitude: 8.015,
        families: &["HOME"],
        capabilities: &["oxygen", "ventilation", "tracheostomy"],
        languages: &["de"],
        phone: "+49 30 23125 139",
        hours: Hours::Always,
        people: people!["Oliver" "Horn" INTAKE],
    },
    Facility {
        key: "hospiz",
        name: "Hospiz Sonnenhalde",
        country: "DE",
        city: "Offenburg",
        postcode: "77652",
        latitude: 48.48,
        longitude: 7.935,
        families: &["PALLIATIVE"],
        capabilities: &["oxygen", "parenteralNutrition", "tubeFeeding"],
        languages: &["de", "fr"],
        phone: "+49 30 23125 140",
        hours: Hours::Always,
        people: people!["Eva" "Lorenz" INTAKE],
    },
    Facility {
        key: "achern",
        name: "Fachklinik Hornisgrinde",
        country: "DE",
        city: "Achern",
        postcode: "77855",
        latitude: 48.631,
        longitude: 8.075,
        families: &["REHAB"],
        capabilities: &["oxygen"],
        languages: &["de"],
        phone: "+49 30 23125 141",
        hours: Hours::Long,
        people: people!["Georg" "Ziegler" INTAKE],
    },
    Facility {
        key: "wohnhaus",
        name: "Wohnhaus Schutterwald",
        country: "DE",
        city: "Schutterwald",
        postcode: "77746",
        latitude: 48.459,
        longitude: 7.884,
        families: &["DISABILITY"],
        capabilities: &["oxygen"],
        languages: &["de"],
        phone: "+49 30 23125 142",
        hours: Hours::Office,
        people: people!["Sabine" "Roth" INTAKE],
    },
];
