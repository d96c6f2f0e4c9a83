//! What came of a command.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use serde_json::Value;

/// What a command has to say: the same for people and for programs.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    json: Value,
    failed: bool,
}

impl Report {
    /// A report in sentences and as a value.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            failed: false,
        }
    }

    /// A report of something that is not as it should be: the program says so by its exit code.
    pub(crate) fn failed(mut self) -> Self {
        self.failed = true;
        self
    }

    /// A report of which nothing is written, because the content itself went to standard output.
    pub(crate) fn silent(mut self) -> Self {
        self.text.clear();
        self
    }

    /// Writes the report to standard output.
    pub(crate) fn write(&self, as_json: bool) -> ExitCode {
        let text = if as_json {
            self.json.to_string()
        } else {
            self.text.clone()
        };
        let text = text.trim_end();
        if !text.is_empty() {
            let mut out = io::stdout().lock();
            // Whoever closed the pipe wants to hear no more.
            let _ = writeln!(out, "{text}").and_then(|()| out.flush());
        }
        if self.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
