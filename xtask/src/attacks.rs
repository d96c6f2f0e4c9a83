//! Every test that `spec/attacks.md` and the guide about revocation name exists.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;

use crate::workspace::Workspace;

/// The table of attacks and tests.
const TABLE: &str = "spec/attacks.md";
/// A page that names the test which proves each of its lines.
const GUIDE: &str = "docs/guides/revocation-and-cache.md";

/// What the table names that is not there.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    if !workspace.has(TABLE) {
        return Ok(Vec::new());
    }
    let table = fs::read_to_string(workspace.root.join(TABLE))?;
    let mut sources = BTreeMap::new();
    for path in workspace.files()? {
        if path.ends_with(".rs") {
            let text = fs::read_to_string(workspace.root.join(&path))?;
            sources.insert(path, text);
        }
    }
    let mut violations = missing(&table, &sources);
    if workspace.has(GUIDE) {
        let guide = fs::read_to_string(workspace.root.join(GUIDE))?;
        violations.extend(missing_by_name(&guide, &sources));
    }
    Ok(violations)
}

fn missing(table: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut missing = Vec::new();
    let mut rows = 0;
    for test in table.split('`').skip(1).step_by(2) {
        let Some((place, name)) = test.split_once("::") else {
            continue;
        };
        rows += 1;
        let found = sources
            .iter()
            .any(|(path, text)| is_at(path, place) && has_test(text, name));
        if !found {
            missing.push(format!("{TABLE}: there is no test {test}"));
        }
    }
    if rows == 0 {
        missing.push(format!("{TABLE} names no tests"));
    }
    missing
}

/// What the guide names by name alone: four words and more, joined as functions are.
fn missing_by_name(guide: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let names = guide.split('`').skip(1).step_by(2);
    names
        .filter(|name| name.matches('_').count() >= 3 && name.chars().all(word))
        .filter(|name| !sources.values().any(|text| has_test(text, name)))
        .map(|name| format!("{GUIDE}: there is no test {name}"))
        .collect()
}

/// Whether a file is where a place says: its parts are folders, or the file, in this order.
fn is_at(path: &str, place: &str) -> bool {
    let mut parts = path.trim_end_matches(".rs").split('/');
    place
        .split('/')
        .all(|wanted| parts.any(|part| part == wanted))
}

/// Whether a function of that name is a test.
fn has_test(text: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    text.match_indices(&head).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let item = before.rsplit("\n\n").next().unwrap_or_default();
        item.contains("#[test]") || item.contains("#[tokio::test") || item.contains("proptest!")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{missing, missing_by_name};

    #[test]
    fn what_is_named_must_be_a_test_at_its_place() {
        let text = "fn helper() {}\n\n#[test]\nfn it_holds() {}\n";
        let sources = BTreeMap::from([("crates/lock/tests/it/doors.rs".to_owned(), text.into())]);
        assert!(missing("| A | `lock/doors::it_holds`, `a word` |", &sources).is_empty());
        for wrong in [
            "lock/doors::helper",
            "lock/doors::it_hold",
            "key/doors::it_holds",
        ] {
            let table = format!("`{wrong}`");
            assert_eq!(missing(&table, &sources).len(), 1, "{wrong}");
        }
        assert_eq!(missing("nothing", &sources).len(), 1);
    }

    #[test]
    fn what_the_guide_names_must_be_a_test() {
        let text =
            "#[tokio::test]\nasync fn off_opens_nothing_more() {}\n\nfn is_no_test_at_all() {}\n";
        let sources = BTreeMap::from([("tests/e2e/tests/revoked.rs".to_owned(), text.into())]);
        assert!(
            missing_by_name("`off_opens_nothing_more`, `export_sessions`", &sources).is_empty()
        );
        assert_eq!(missing_by_name("`is_no_test_at_all`", &sources).len(), 1);
        assert_eq!(
            missing_by_name("`off_opens_nothing_else`", &sources).len(),
            1
        );
    }
}
