//! What came of a command.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use serde_json::Value;

/// Text without what would steer a terminal: names of groups and labels are other people's words.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' => letter,
            other if other.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

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
            printable(&self.text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_words_do_not_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\r\nc\u{9b}d\u{e4}"),
            "a\u{fffd}[31mb\u{fffd}\nc\u{fffd}d\u{e4}"
        );
    }
}
