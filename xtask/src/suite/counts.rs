//! How many tests ran, read from what the test runners print.

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    /// The sum of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// Adds up every closing line in a log: cargo test, nextest, Node's test runner, Vitest, Playwright, and the plain
    /// `N passed, N failed`. `None` when no runner has closed.
    pub(crate) fn read(log: &str) -> Option<Self> {
        let plain = without_colours(log);
        let mut sum = None;
        for line in plain.lines() {
            if let Some(counts) = closing_line(line.trim()) {
                sum = Some(counts.plus(sum.unwrap_or_default()));
            }
        }
        sum
    }
}

fn closing_line(line: &str) -> Option<Counts> {
    // cargo test: `test result: ok. 3 passed; 0 failed; 1 ignored; …`
    if let Some(rest) = line.strip_prefix("test result: ") {
        return labelled(rest);
    }
    // nextest: `Summary [   1.2s] 30 tests run: 29 passed (1 slow), 1 failed, 2 skipped`
    if line.starts_with("Summary [") {
        return line
            .split_once(" run: ")
            .and_then(|(_, rest)| labelled(rest));
    }
    // Vitest: `Tests  1 failed | 11 passed (12)`
    if let Some(rest) = line.strip_prefix("Tests  ") {
        return labelled(rest);
    }
    // Node: `# pass 12` and `# fail 0`, or `ℹ pass 12` and `ℹ fail 0`
    if let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
        let (word, number) = rest.split_once(' ')?;
        let number = number.parse().ok()?;
        return match word {
            "pass" => Some(Counts {
                passed: number,
                failed: 0,
            }),
            "fail" => Some(Counts {
                passed: 0,
                failed: number,
            }),
            _ => None,
        };
    }
    // Playwright: `14 passed (1.2m)` and `1 failed`, each alone on a line
    let mut words = line.split(' ');
    if let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next())
        && words.next().is_none_or(|rest| rest.starts_with('('))
    {
        return match word {
            "passed" => Some(Counts {
                passed: number,
                failed: 0,
            }),
            "failed" => Some(Counts {
                passed: 0,
                failed: number,
            }),
            _ => None,
        };
    }
    // The plain line: `12 passed, 0 failed`
    let is_plain = line.split_once(" passed, ").is_some_and(|(first, rest)| {
        first.bytes().all(|byte| byte.is_ascii_digit()) && rest.contains(" failed")
    });
    if is_plain { labelled(line) } else { None }
}

/// Reads `3 passed` and `1 failed` wherever they stand in a line.
fn labelled(text: &str) -> Option<Counts> {
    let number = |label: &str| {
        let mut words = text
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let mut before = words.next()?;
        for word in words {
            if word == label {
                return before.parse::<u64>().ok();
            }
            before = word;
        }
        None
    };
    let (passed, failed) = (number("passed"), number("failed"));
    (passed.is_some() || failed.is_some()).then(|| Counts {
        passed: passed.unwrap_or(0),
        failed: failed.unwrap_or(0),
    })
}

/// Removes the escape sequences with which terminals are coloured.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after
            .split_once(|character: char| character.is_ascii_alphabetic())
            .map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn every_runner_is_understood() {
        let cases = [
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured",
                3,
                0,
            ),
            ("test result: FAILED. 2 passed; 1 failed; 0 ignored", 2, 1),
            (
                "     Summary [   1.204s] 31 tests run: 30 passed (2 slow), 1 failed, 4 skipped",
                30,
                1,
            ),
            (
                "     Summary [   0.004s] 1 test run: 1 passed, 0 skipped",
                1,
                0,
            ),
            ("      Tests  1 failed | 11 passed (12)", 11, 1),
            ("      Tests  12 passed (12)", 12, 0),
            ("# pass 7\n# fail 2\n# cancelled 0", 7, 2),
            ("ℹ pass 7\nℹ fail 0", 7, 0),
            (
                "  1 failed\n    [chromium] › story.spec.ts\n  14 passed (1.2m)",
                14,
                1,
            ),
            ("  3 skipped\n  9 passed (4.1s)", 9, 0),
            ("12 passed, 0 failed", 12, 0),
            ("\x1b[32m4 passed, 1 failed, 2 skipped\x1b[0m", 4, 1),
        ];
        for (log, passed, failed) in cases {
            assert_eq!(Counts::read(log), Some(Counts { passed, failed }), "{log}");
        }
    }

    #[test]
    fn several_runners_add_up() {
        let log =
            "test result: ok. 3 passed; 0 failed\nnoise\ntest result: ok. 4 passed; 0 failed\n";
        assert_eq!(
            Counts::read(log),
            Some(Counts {
                passed: 7,
                failed: 0
            })
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        for log in [
            "",
            "all tests passed",
            "5 tests passed, we hope",
            "# duration_ms 12",
            "# a heading",
        ] {
            assert_eq!(Counts::read(log), None, "{log}");
        }
    }
}
