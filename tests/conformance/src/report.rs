//! What a run found.

use core::fmt::Display;

/// The outcome of all files.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// One entry per file of vectors.
    pub files: Vec<FileReport>,
}

impl Report {
    /// Whether something ran and nothing failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.files.is_empty()
            && self
                .files
                .iter()
                .all(|file| file.failures.is_empty() && file.passed > 0)
    }

    /// `{"files": [{"name", "passed", "skipped", "failures": []}]}`
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers only: this cannot fail. An empty text is no report, so it would not pass for a success.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The outcome of one file of vectors.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FileReport {
    /// Where the vectors are from.
    pub name: &'static str,
    /// Vectors that gave what they ask for.
    pub passed: usize,
    /// Vectors for parameters that the suite does not have (another nonce length, associated data).
    pub skipped: usize,
    /// Vectors that did not, by number or name.
    pub failures: Vec<String>,
}

impl FileReport {
    /// An empty report.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            passed: 0,
            skipped: 0,
            failures: Vec::new(),
        }
    }

    /// Counts one vector.
    pub fn case(&mut self, id: impl Display, holds: bool) {
        if holds {
            self.passed += 1;
        } else {
            self.failures.push(format!("case {id}"));
        }
    }

    /// Counts one vector that does not apply.
    pub const fn skip(&mut self) {
        self.skipped += 1;
    }

    /// The report of a file that could not be read.
    pub(crate) fn unreadable(name: &'static str, error: &dyn Display) -> Self {
        Self {
            failures: vec![format!("unreadable: {error}")],
            ..Self::new(name)
        }
    }
}
