//! Words for people, in the three languages of the application.

use serde::Serialize;

/// What people read: in English, in French and in German.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Labels {
    /// English.
    pub en: &'static str,
    /// French.
    pub fr: &'static str,
    /// German.
    pub de: &'static str,
}

/// Labels, short enough to stand in a table.
pub(crate) const fn l(en: &'static str, fr: &'static str, de: &'static str) -> Labels {
    Labels { en, fr, de }
}

/// A code that this version of the rules does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this code is not in the catalogue of this version")]
pub struct UnknownCode;
