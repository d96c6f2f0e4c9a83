//! The form: what is asked about a patient, in which stage, and what is wrong with answers.
//!
//! Stage 1 is coded and names nobody: it is what a facility decides on. Stage 2 is the record, with the identity; it goes to a
//! facility that is interested. Answers of both stand in one flat JSON object from field to value: a string for codes, dates
//! (`YYYY-MM-DD`) and text, a list of strings for several codes, a number, or `true`/`false`.

mod check;
mod stage1;
mod stage2;

use serde::Serialize;

pub use check::{Answers, Problem, ProblemCode, capabilities_needed, check};

use crate::care::{CARE_TYPES, CareFamily, Urgency};
use crate::codes::codes;
use crate::label::Labels;

codes! {
    /// How a field is answered.
    Kind {
        /// One of the options.
        Code = "code",
        /// Several of the options; the option `none` stands alone.
        Codes = "codes",
        /// A number.
        Number = "number",
        /// A day, `YYYY-MM-DD`.
        Date = "date",
        /// Words.
        Text = "text",
        /// Yes or no.
        Flag = "flag",
    }
}

codes! {
    /// A country with rules of its own.
    Country {
        /// France.
        France = "FR",
        /// Germany.
        Germany = "DE",
    }
}

/// One option of a coded field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub labels: Labels,
    /// The countries that know it; all when empty.
    pub countries: &'static [Country],
    /// What a facility must be able to do when this is answered, a code of [`CAPABILITIES`](crate::care::CAPABILITIES).
    pub capability: Option<&'static str>,
}

/// A condition: the field is asked only when another one holds one of the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct When {
    /// The other field.
    pub field: &'static str,
    /// Its codes.
    pub codes: &'static [&'static str],
}

/// A part of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its name in fields.
    pub id: &'static str,
    /// 1 or 2.
    pub stage: u8,
    /// Its title.
    pub labels: Labels,
}

/// Where options come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Options {
    Listed(&'static [Choice]),
    Urgencies,
    CareTypes,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its name in answers.
    pub id: &'static str,
    /// The section that it stands in.
    pub section: &'static str,
    /// 1 or 2.
    pub stage: u8,
    /// How it is answered.
    pub kind: Kind,
    options: Options,
    /// Its name.
    pub labels: Labels,
    /// An explanation under it.
    pub hint: Option<Labels>,
    /// Unit of a number, the same in all languages.
    pub unit: Option<&'static str>,
    /// Least number.
    pub min: Option<f64>,
    /// Greatest number; for text the greatest length in characters.
    pub max: Option<f64>,
    /// Decimal places of a number.
    pub decimals: u8,
    /// Text of several lines.
    pub multiline: bool,
    /// First digits of a postcode, nothing else.
    pub postcode_prefix: bool,
    /// Must be answered where it is asked.
    pub required: bool,
    /// The countries in which it is asked; all when empty.
    pub countries: &'static [Country],
    /// The families for which it is asked; all when empty.
    pub families: &'static [CareFamily],
    /// Another answer that it depends on.
    pub when: Option<When>,
}

impl Field {
    /// The options of a coded field, in the order in which they are offered.
    #[must_use]
    pub fn options(&self) -> Vec<Choice> {
        let plain = |code, labels| Choice {
            code,
            labels,
            countries: &[],
            capability: None,
        };
        match self.options {
            Options::Listed(listed) => listed.to_vec(),
            Options::Urgencies => Urgency::ALL
                .iter()
                .map(|urgency| plain(urgency.code(), urgency.labels()))
                .collect(),
            Options::CareTypes => CARE_TYPES
                .iter()
                .map(|care| plain(care.code, care.labels))
                .collect(),
        }
    }

    /// The greatest number, or the greatest length of a text in characters.
    #[must_use]
    pub fn greatest(&self) -> Option<f64> {
        match self.kind {
            Kind::Text if self.postcode_prefix => Some(3.0),
            Kind::Text => Some(self.max.unwrap_or(MAX_LINE)),
            _ => self.max,
        }
    }

    /// Whether a coded field has an option.
    #[must_use]
    pub fn has_option(&self, code: &str) -> bool {
        match self.options {
            Options::Listed(listed) => listed.iter().any(|choice| choice.code == code),
            Options::Urgencies => Urgency::ALL.iter().any(|urgency| urgency.code() == code),
            Options::CareTypes => CARE_TYPES.iter().any(|care| care.code == code),
        }
    }
}

/// Characters of a text of one line.
const MAX_LINE: f64 = 200.0;

/// All sections, in order.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    stage1::SECTIONS.iter().chain(stage2::SECTIONS)
}

/// All fields, in order.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    stage1::FIELDS.iter().chain(stage2::FIELDS)
}

/// The field with this name.
#[must_use]
pub fn field(id: &str) -> Option<&'static Field> {
    fields().find(|field| field.id == id)
}

// Builders, so that the tables of fields read as tables.

const fn base(
    id: &'static str,
    section: &'static str,
    stage: u8,
    kind: Kind,
    labels: Labels,
) -> Field {
    Field {
        id,
        section,
        stage,
        kind,
        options: Options::Listed(&[]),
        labels,
        hint: None,
        unit: None,
        min: None,
        max: None,
        decimals: 0,
        multiline: false,
        postcode_prefix: false,
        required: false,
        countries: &[],
        families: &[],
        when: None,
    }
}

impl Field {
    const fn options_of(mut self, options: &'static [Choice]) -> Self {
        self.options = Options::Listed(options);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn hint(mut self, hint: Labels) -> Self {
        self.hint = Some(hint);
        self
    }

    const fn range(mut self, min: f64, max: f64) -> Self {
        self.min = Some(min);
        self.max = Some(max);
        self
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    const fn decimals(mut self, decimals: u8) -> Self {
        self.decimals = decimals;
        self
    }

    const fn multiline(mut self) -> Self {
        self.multiline = true;
        self.max = Some(8000.0);
        self
    }

    const fn only_in(mut self, countries: &'static [Country]) -> Self {
        self.countries = countries;
        self
    }

    const fn only_for(mut self, families: &'static [CareFamily]) -> Self {
        self.families = families;
        self
    }

    const fn when(mut self, field: &'static str, codes: &'static [&'static str]) -> Self {
        self.when = Some(When { field, codes });
        self
    }
}

const FR: &[Country] = &[Country::France];
const DE: &[Country] = &[Country::Germany];

const fn o(code: &'static str, labels: Labels) -> Choice {
    Choice {
        code,
        labels,
        countries: &[],
        capability: None,
    }
}

/// An option of one country.
const fn oc(code: &'static str, countries: &'static [Country], labels: Labels) -> Choice {
    Choice {
        countries,
        ..o(code, labels)
    }
}

/// An option that not every facility can serve.
const fn ok(code: &'static str, capability: &'static str, labels: Labels) -> Choice {
    Choice {
        capability: Some(capability),
        ..o(code, labels)
    }
}
