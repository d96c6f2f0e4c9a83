//! Who somebody is: from `Patient` and `RelatedPerson` to answers.

use super::clinical::Writer;
use super::model::{Address, Concept, HumanName, Patient, RelatedPerson, Telecom, join};
use super::{ImportCode, WarningCode};
use crate::calendar::Day;

/// The French national identity: matricules for production and for tests.
const INS: &str = "1.2.250.1.213.1.4.";
const BIRTH_PLACE: &str = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";

/// The one patient of a bundle. Two entries of one id are two versions of one person.
#[derive(Default)]
pub(super) struct Person {
    known: Option<(Option<String>, Patient)>,
    pub(super) relatives: Vec<RelatedPerson>,
}

impl Person {
    pub(super) fn take(&mut self, id: Option<String>, patient: Patient) -> Result<(), ImportCode> {
        let another = self
            .known
            .as_ref()
            .is_some_and(|(known, _)| known.is_none() || *known != id);
        if another {
            return Err(ImportCode::SeveralPatients);
        }
        self.known = Some((id, patient));
        Ok(())
    }

    /// Writes the answers. `name_of` resolves a reference to a practitioner or an organisation.
    pub(super) fn write(
        self,
        out: &mut Writer,
        today: Day,
        name_of: impl Fn(&super::model::Reference) -> Option<String>,
    ) -> Result<(), ImportCode> {
        let (_, patient) = self.known.ok_or(ImportCode::NoPatient)?;
        if patient.deceased_boolean || patient.deceased_date_time.is_some() {
            out.warn(WarningCode::Deceased, "Patient");
        }
        birth(&patient, today, out);
        if let Some(code @ ("female" | "male" | "other" | "unknown")) = patient.gender.as_deref() {
            out.text("sex", code);
        }
        if let Some(language) = language(&patient) {
            out.text("language", language);
        }
        names(&patient.name, out);
        address(&patient.address, out);
        if let Some(phone) = telecom(&patient.telecom, "phone") {
            out.text("phone", phone);
        }
        if let Some(email) = telecom(&patient.telecom, "email") {
            out.text("email", email);
        }
        identifiers(&patient, out);
        let place = patient
            .extension
            .iter()
            .find(|extension| extension.url.as_deref() == Some(BIRTH_PLACE))
            .and_then(|extension| extension.value_address.as_ref()?.city.as_deref());
        if let Some(place) = place {
            out.text("birthPlace", place);
        }
        let doctors: Vec<String> = patient
            .general_practitioner
            .iter()
            .filter_map(name_of)
            .collect();
        if let Some(doctor) = doctors.first() {
            out.text("generalPractitioner", doctor);
        }
        let contacts = patient.contact.iter().map(|contact| {
            line(
                contact.name.as_ref(),
                &contact.relationship,
                &contact.telecom,
            )
        });
        let relatives = self
            .relatives
            .iter()
            .map(|person| line(person.name.first(), &person.relationship, &person.telecom));
        let mut people = contacts.chain(relatives).flatten();
        if let Some(first) = people.next() {
            out.text("emergencyContact", &first);
        }
        if let Some(second) = people.next() {
            out.text("trustedPerson", &second);
        }
        Ok(())
    }
}

/// The band of an age in years, as the form has it.
fn age_band(years: i64) -> String {
    match years {
        ..=17 => years.to_string(),
        18..=19 => "18-19".to_owned(),
        90.. => "90+".to_owned(),
        _ => {
            let from = years - years % 5;
            format!("{from}-{}", from + 4)
        }
    }
}

fn birth(patient: &Patient, today: Day, out: &mut Writer) {
    let Some(written) = patient.birth_date.as_deref() else {
        out.warn(WarningCode::BirthDate, "Patient");
        return;
    };
    let Some(born) = Day::parse(written).filter(|born| *born <= today) else {
        out.warn(WarningCode::BirthDate, "Patient");
        return;
    };
    let ((year, month, day), (this_year, this_month, this_day)) = (born.date(), today.date());
    let had_birthday = (this_month, this_day) >= (month, day);
    let years = this_year - year - i64::from(!had_birthday);
    out.text("ageBand", &age_band(years));
    out.text("birthDate", written);
}

/// The preferred language, else the first, as the form knows it.
fn language(patient: &Patient) -> Option<&'static str> {
    let preferred = patient
        .communication
        .iter()
        .find(|communication| communication.preferred)
        .or_else(|| patient.communication.first())?;
    let code = preferred
        .language
        .coding
        .iter()
        .find_map(|coding| coding.code.as_deref())?;
    let primary = code
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let field = crate::form::field("language")?;
    Some(match primary.as_str() {
        "sgn" | "gsg" | "fsl" => "sign",
        known => field
            .options()
            .iter()
            .map(|choice| choice.code)
            .find(|code| *code == known)
            .unwrap_or("other"),
    })
}

fn names(names: &[HumanName], out: &mut Writer) {
    let with_use = |usage: &str| {
        names
            .iter()
            .find(|name| name.usage.as_deref() == Some(usage))
    };
    let current = with_use("official")
        .or_else(|| with_use("usual"))
        .or_else(|| {
            names
                .iter()
                .find(|name| name.usage.as_deref() != Some("maiden"))
        });
    if let Some(name) = current {
        match &name.family {
            Some(family) => out.text("familyName", family),
            None => {
                if let Some(text) = &name.text {
                    out.text("familyName", text);
                }
            }
        }
        out.text("firstNames", &name.given());
    }
    if let Some(family) = with_use("maiden").and_then(|name| name.family.as_deref()) {
        out.text("birthName", family);
    }
}

fn address(addresses: &[Address], out: &mut Writer) {
    let home = addresses
        .iter()
        .find(|address| address.usage.as_deref() == Some("home"))
        .or_else(|| addresses.first());
    let Some(address) = home else { return };
    out.text("address", &join(&address.line, ", "));
    if let Some(city) = &address.city {
        out.text("city", city);
    }
    let Some(postcode) = address.postal_code.as_deref().map(str::trim) else {
        return;
    };
    out.text("postcode", postcode);
    // An area is one of the countries that we serve: 01247 is in Massachusetts too.
    let served = address.country.as_deref().is_none_or(|country| {
        let country = country.trim().to_lowercase();
        [
            "fr",
            "fra",
            "france",
            "de",
            "deu",
            "deutschland",
            "germany",
            "allemagne",
        ]
        .contains(&country.as_str())
    });
    let digits = postcode.len() == 5 && postcode.bytes().all(|byte| byte.is_ascii_digit());
    if let (true, true, Some(area)) = (served, digits, postcode.get(..2)) {
        out.text("residenceArea", area);
    }
}

fn identifiers(patient: &Patient, out: &mut Writer) {
    for identifier in &patient.identifier {
        let (system, Some(value)) = (
            identifier.system.as_deref().unwrap_or_default(),
            identifier.value.as_deref(),
        ) else {
            continue;
        };
        if system.contains(INS) {
            out.text("ins", value);
        } else if system.contains("kvid-10") {
            out.text("kvnr", value);
        } else if identifier.kind.has_code("MR") || identifier.kind.has_code("PI") {
            out.text("hospitalNumber", value);
        }
    }
}

fn telecom<'a>(all: &'a [Telecom], system: &str) -> Option<&'a str> {
    all.iter()
        .find(|telecom| telecom.system.as_deref() == Some(system))
        .and_then(|telecom| telecom.value.as_deref())
}

/// Name, relation, telephone.
fn line(name: Option<&HumanName>, relation: &[Concept], telecoms: &[Telecom]) -> Option<String> {
    let parts = [
        Some(name?.full()?),
        relation
            .iter()
            .find_map(|concept| concept.name())
            .map(str::to_owned),
        telecom(telecoms, "phone").map(str::to_owned),
    ];
    Some(join(&parts, ", "))
}
