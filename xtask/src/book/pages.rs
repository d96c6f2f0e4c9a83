//! The pages that people wrote: found, with includes resolved, and written for mdBook with links that hold there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::FOLDER;
use crate::workspace::Workspace;

/// One line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it stands in the page's own file, from 1. Included lines have the number of their directive.
    pub(crate) number: usize,
    pub(crate) text: String,
    /// The file that it was included from.
    pub(crate) from: Option<String>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its file, relative to the root of the tree.
    pub(crate) source: String,
    /// Where it stands in the book.
    pub(crate) place: String,
    pub(crate) lines: Vec<Line>,
}

impl Page {
    /// A page that was made and not written.
    pub(crate) fn generated(place: &str, text: &str) -> Self {
        let lines = text.lines().zip(1..).map(|(text, number)| Line {
            number,
            text: text.to_owned(),
            from: None,
        });
        Self {
            source: format!("{FOLDER}/src/{place}"),
            place: place.to_owned(),
            lines: lines.collect(),
        }
    }
}

/// Where a file of the tree stands in the book.
pub(crate) fn place(path: &str) -> Option<String> {
    let named = [
        ("docs/errors/README.md", "errors.md"),
        ("docs/picture.svg", "drawings/picture.svg"),
        ("docs/images/case.png", "images/case.png"),
        ("spec/models/README.md", "spec/models.md"),
        ("docs/openapi.json", "reference/http.md"),
    ];
    if let Some((_, place)) = named.iter().find(|(file, _)| *file == path) {
        return Some((*place).to_owned());
    }
    let folders = [
        ("docs/book/src/", ""),
        ("docs/guides/", "guides/"),
        ("docs/adr/", "decisions/"),
        ("docs/errors/", "errors/"),
        ("spec/", "spec/"),
    ];
    folders.iter().find_map(|(folder, place)| {
        let rest = path.strip_prefix(folder)?;
        let whole =
            folder.starts_with("docs/book") || (rest.ends_with(".md") && !rest.contains('/'));
        (whole && rest != "0000-template.md").then(|| format!("{place}{rest}"))
    })
}

/// All pages, with includes resolved.
pub(crate) fn read(workspace: &Workspace) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for source in workspace.files()? {
        if !source.ends_with(".md") || source == "docs/errors/README.md" {
            continue;
        }
        if let Some(place) = place(&source) {
            let text = fs::read_to_string(workspace.root.join(&source))?;
            let lines = resolve(&workspace.root, &source, &text)?;
            pages.push(Page {
                source,
                place,
                lines,
            });
        }
    }
    if pages.is_empty() {
        bail!("{FOLDER} has no pages");
    }
    Ok(pages)
}

/// Looks at the links of the pages that are in the tree and not in the book.
pub(crate) fn check_others(workspace: &Workspace, wrong: &mut Vec<String>) -> Result<()> {
    for source in workspace.files()? {
        if !source.ends_with(".md")
            || place(&source).is_some()
            || source.starts_with(&format!("{FOLDER}/client"))
        {
            continue;
        }
        let text = fs::read_to_string(workspace.root.join(&source))?;
        let mut page = Page::generated(&source, &text);
        page.source.clone_from(&source);
        let rewriter = Rewriter {
            root: &workspace.root,
            page: &page,
            places: &BTreeSet::new(),
        };
        let mut fence = None;
        for line in &page.lines {
            let was = fence.is_some();
            fence = after(fence, &line.text);
            if !was && fence.is_none() {
                rewriter.line(line, wrong)?;
            }
        }
    }
    Ok(())
}

/// Puts the lines of other files where `{{#include file}}`, `{{#include file:anchor}}` or `{{#include file#words}}` stands
/// alone on a line.
fn resolve(root: &Path, source: &str, text: &str) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (text, number) in text.lines().zip(1..) {
        let directive = text
            .trim()
            .strip_prefix("{{#include ")
            .and_then(|rest| rest.strip_suffix("}}"));
        let Some(directive) = directive else {
            lines.push(Line {
                number,
                text: text.to_owned(),
                from: None,
            });
            continue;
        };
        let (file, part): (_, fn(&str, &str) -> Vec<String>) = match directive {
            directive if directive.contains('#') => (directive.split('#').next(), paragraph),
            directive => (directive.split(':').next(), anchored),
        };
        let file = file.unwrap_or(directive);
        let wanted = directive.get(file.len() + 1..).unwrap_or_default();
        let file = join(source, file);
        let content = fs::read_to_string(root.join(&file))
            .with_context(|| format!("{source}:{number}: cannot read {file}"))?;
        let part = part(&content, wanted);
        if part.is_empty() {
            bail!("{source}:{number}: {file} has no {wanted:?}");
        }
        lines.extend(part.into_iter().map(|text| Line {
            number,
            text,
            from: Some(file.clone()),
        }));
    }
    Ok(lines)
}

/// The paragraph, up to an empty line, whose first line contains the words.
fn paragraph(content: &str, words: &str) -> Vec<String> {
    let mut before = "";
    let mut lines = content.lines().skip_while(|line| {
        let begins = before.is_empty() && line.contains(words);
        before = line;
        !begins
    });
    let found: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    to_the_left(&found)
}

/// The lines of an anchor, or all where none is named, without marks of anchors.
fn anchored(content: &str, anchor: &str) -> Vec<String> {
    let mark = |line: &str, word: &str| {
        line.split_once(word)
            .map(|(_, name)| name.trim().trim_end_matches("-->").trim().to_owned())
    };
    let mut inside = anchor.is_empty();
    let mut found: Vec<&str> = Vec::new();
    for line in content.lines() {
        if let Some(name) = mark(line, "ANCHOR_END:") {
            inside = inside && name != anchor;
        } else if let Some(name) = mark(line, "ANCHOR:") {
            inside = inside || name == anchor;
        } else if inside {
            found.push(line);
        }
    }
    to_the_left(&found)
}

/// Lines without the indentation that they have in common.
fn to_the_left(found: &[&str]) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let common = found
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or_default();
    found
        .iter()
        .map(|line| line.get(common..).unwrap_or_default().to_owned())
        .collect()
}

/// `link` as seen from the file `from`, relative to the same root.
pub(crate) fn join(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The way from one page of the book to another.
fn relative(from: &str, to: &str) -> String {
    let mut up: Vec<&str> = from.split('/').collect();
    up.pop();
    let mut down: Vec<&str> = to.split('/').collect();
    while !up.is_empty() && up.first() == down.first() && down.len() > 1 {
        up.remove(0);
        down.remove(0);
    }
    format!("{}{}", "../".repeat(up.len()), down.join("/"))
}

/// Writes a folder of which mdBook makes the book.
pub(crate) fn write(
    workspace: &Workspace,
    folder: &Path,
    written: &[Page],
    generated: &[Page],
    wrong: &mut Vec<String>,
) -> Result<()> {
    let target = folder.join("src");
    for file in workspace.files()? {
        let inside = file
            .strip_prefix("docs/book/")
            .filter(|rest| *rest == "book.toml" || rest.starts_with("theme/"));
        let asset = place(&file).filter(|place| !place.ends_with(".md"));
        let to = match (inside, asset) {
            (Some(rest), _) => folder.join(rest),
            (None, Some(place)) => target.join(place),
            (None, None) => continue,
        };
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(workspace.root.join(&file), to)?;
    }
    let places: BTreeSet<_> = written
        .iter()
        .chain(generated)
        .map(|page| page.place.as_str())
        .collect();
    let summary = summary(written, generated)?;
    for place in &places {
        if *place != SUMMARY && !summary.contains(&format!("({place})")) {
            wrong.push(format!("{FOLDER}/src/{SUMMARY} does not list {place}"));
        }
    }
    fs::create_dir_all(&target)?;
    fs::write(target.join(SUMMARY), &summary)?;
    let pages = written.iter().chain(generated);
    for page in pages.filter(|page| page.place != SUMMARY) {
        let mut text = String::new();
        let rewriter = Rewriter {
            root: &workspace.root,
            page,
            places: &places,
        };
        let mut fence = None;
        for line in &page.lines {
            let was = fence.is_some();
            fence = after(fence, &line.text);
            let new = match (was, &fence) {
                (false, Some(_)) => opening(&line.text),
                (true, _) => line.text.clone(),
                (false, None) => breakable(&rewriter.line(line, wrong)?),
            };
            text.push_str(&new);
            text.push('\n');
        }
        let to = target.join(&page.place);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(to, text)?;
    }
    Ok(())
}

/// The table of contents.
const SUMMARY: &str = "SUMMARY.md";

/// The table of contents, in which `{{#list folder}}` stands for the pages of a folder that are not listed by themselves.
fn summary(written: &[Page], generated: &[Page]) -> Result<String> {
    let all = || written.iter().chain(generated);
    let own = all()
        .find(|page| page.place == SUMMARY)
        .context("there is no SUMMARY.md")?;
    let listed: Vec<_> = own.lines.iter().map(|line| line.text.as_str()).collect();
    let listed = listed.join("\n");
    let mut text = String::new();
    for line in &own.lines {
        let directive = line
            .text
            .trim_start()
            .strip_prefix("{{#list ")
            .and_then(|rest| rest.strip_suffix("}}"));
        let Some(folder) = directive else {
            text.push_str(&format!("{}\n", line.text));
            continue;
        };
        let indent = " ".repeat(line.text.len() - line.text.trim_start().len());
        let mut pages: Vec<_> = all()
            .filter(|page| {
                page.place.starts_with(&format!("{folder}/"))
                    && !listed.contains(&format!("({})", page.place))
            })
            .collect();
        pages.sort_by(|one, other| one.place.cmp(&other.place));
        for page in pages {
            let title = page
                .lines
                .iter()
                .find_map(|line| line.text.strip_prefix("# "));
            text.push_str(&format!(
                "{indent}- [{}]({})\n",
                title.unwrap_or(&page.place).replace('`', ""),
                page.place
            ));
        }
    }
    Ok(text)
}

/// The fence that is open after a line: its backticks.
pub(crate) fn after(open: Option<String>, line: &str) -> Option<String> {
    let line = line.trim();
    let ticks: String = line.chars().take_while(|c| *c == '`').collect();
    match open {
        Some(open) => (ticks.len() < open.len() || ticks != line).then_some(open),
        None => (ticks.len() >= 3).then_some(ticks),
    }
}

/// The first line of a block without the words that are for the checks, which mdBook would show to nobody.
fn opening(line: &str) -> String {
    match line.split_once(',') {
        Some((language, _)) => language.to_owned(),
        None => line.to_owned(),
    }
}

/// Longer names than this one may be broken in a table.
const LONG_NAME: usize = 24;

/// A row of a table in which long names of functions and files may be broken at their joints.
fn breakable(line: &str) -> String {
    if !line.starts_with('|') {
        return line.to_owned();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_/:.-".contains(c);
    let mut out = String::new();
    for (part, code) in line.split('`').zip([false, true].into_iter().cycle()) {
        match code {
            false => out.push_str(part),
            true if part.len() > LONG_NAME && part.chars().all(plain) => {
                let broken = part
                    .replace('_', "_<wbr>")
                    .replace('/', "/<wbr>")
                    .replace("::", "::<wbr>");
                out.push_str(&format!("<code>{broken}</code>"));
            }
            true => out.push_str(&format!("`{part}`")),
        }
    }
    out
}

/// Makes links of one page hold in the book.
struct Rewriter<'a> {
    root: &'a Path,
    page: &'a Page,
    places: &'a BTreeSet<&'a str>,
}

impl Rewriter<'_> {
    fn line(&self, line: &Line, wrong: &mut Vec<String>) -> Result<String> {
        if let Some(drawing) = self.drawing(&line.text)? {
            return Ok(drawing);
        }
        let mut out = String::new();
        let mut rest = line.text.as_str();
        // Links are `[text](target)`; what stands between backticks outside the brackets is none.
        while let Some((before, after)) = rest.split_once("](") {
            let Some((target, behind)) = after.split_once(')') else {
                break;
            };
            let open = opening_bracket(before);
            let quoted = open.is_none_or(|at| {
                before.get(..at).unwrap_or_default().matches('`').count() % 2 == 1
            });
            if quoted {
                out.push_str(before);
                out.push_str("](");
                rest = after;
                continue;
            }
            let (lead, text) = before.split_at(open.unwrap_or_default());
            let text = text.trim_start_matches('[');
            out.push_str(lead);
            match self.target(target) {
                Target::Place(place) => out.push_str(&format!("[{text}]({place})")),
                // Not part of the book: the reader of the sources knows where it is.
                Target::Beside(path) if text.starts_with('`') => {
                    out.push_str(&format!("`{}`", path.trim_end_matches("/README.md")));
                }
                Target::Beside(path) => out.push_str(&format!("{text} (`{path}`)")),
                Target::Nowhere => wrong.push(format!(
                    "{}:{}: there is no {target}",
                    self.page.source, line.number
                )),
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A drawing alone on a line is put into the page, where it has the colours of the theme.
    fn drawing(&self, line: &str) -> Result<Option<String>> {
        let Some(rest) = line.strip_prefix("![") else {
            return Ok(None);
        };
        let Some((_, target)) = rest.split_once("](") else {
            return Ok(None);
        };
        let Some(target) = target.strip_suffix(".svg)") else {
            return Ok(None);
        };
        let file = join(&self.page.source, &format!("{target}.svg"));
        let content = fs::read_to_string(self.root.join(&file))
            .with_context(|| format!("{}: cannot read {file}", self.page.source))?;
        let kept: Vec<_> = content
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        Ok(Some(format!(
            "<figure class=\"drawing\" tabindex=\"0\">\n{}\n</figure>\n",
            kept.join("\n")
        )))
    }

    fn target(&self, target: &str) -> Target {
        // Names of items are links in documentation of crates.
        if target.starts_with('#')
            || target.starts_with("mailto:")
            || target.contains("://")
            || target.contains("::")
        {
            return Target::Place(target.to_owned());
        }
        let (path, anchor) = match target.split_once('#') {
            Some((path, anchor)) => (path, format!("#{anchor}")),
            None => (target, String::new()),
        };
        let file = join(&self.page.source, path);
        if let Some(place) = place(&file)
            && (self.root.join(&file).exists() || self.places.contains(place.as_str()))
        {
            return Target::Place(format!("{}{anchor}", relative(&self.page.place, &place)));
        }
        if self.places.contains(join(&self.page.place, path).as_str()) {
            return Target::Place(target.to_owned());
        }
        if self.root.join(&file).exists() {
            return Target::Beside(file);
        }
        Target::Nowhere
    }
}

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// In the book, or outside.
    Place(String),
    /// A file of the tree that the book does not have.
    Beside(String),
    Nowhere,
}

/// The bracket that belongs to the `]` behind this text.
fn opening_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{after, anchored, breakable, join, paragraph, place, relative};

    #[test]
    fn files_have_their_places() {
        let found = |path| place(path);
        assert_eq!(
            found("docs/book/src/quick-start.md").as_deref(),
            Some("quick-start.md")
        );
        assert_eq!(
            found("docs/guides/files.md").as_deref(),
            Some("guides/files.md")
        );
        assert_eq!(
            found("docs/errors/not_found.md").as_deref(),
            Some("errors/not_found.md")
        );
        assert_eq!(
            found("spec/03-rings.md").as_deref(),
            Some("spec/03-rings.md")
        );
        assert_eq!(found("spec/vectors/external/README.md"), None);
        assert_eq!(found("docs/adr/0000-template.md"), None);
        assert_eq!(found("README.md"), None);
    }

    #[test]
    fn ways_between_pages() {
        assert_eq!(join("docs/guides/a.md", "../../spec/b.md"), "spec/b.md");
        assert_eq!(relative("guides/a.md", "spec/b.md"), "../spec/b.md");
        assert_eq!(relative("guides/a.md", "guides/b.md"), "b.md");
        assert_eq!(relative("a.md", "guides/b.md"), "guides/b.md");
    }

    #[test]
    fn long_names_are_broken_in_tables_alone() {
        let name = "a_name_of_some_test_that_is_long";
        assert!(breakable(&format!("| `{name}` |")).contains("<code>a_<wbr>name_"));
        let text = format!("`{name}`");
        assert_eq!(breakable(&text), text);
        assert_eq!(
            breakable("| `short` and `{ long: \"but no name at all\" }` |"),
            "| `short` and `{ long: \"but no name at all\" }` |"
        );
    }

    #[test]
    fn a_fence_ends_with_as_many_backticks() {
        let open = after(None, "````text");
        assert_eq!(open.as_deref(), Some("````"));
        assert_eq!(after(open.clone(), "```").as_deref(), Some("````"));
        assert_eq!(after(open, "````"), None);
    }

    #[test]
    fn an_anchor_is_cut_out_and_moved_to_the_left() {
        let file = "a\n  // ANCHOR: x\n  b {\n    c\n  }\n  // ANCHOR_END: x\nd";
        assert_eq!(anchored(file, "x"), ["b {", "  c", "}"]);
        assert_eq!(anchored(file, "").len(), 5);
        assert!(anchored(file, "y").is_empty());
    }

    #[test]
    fn a_paragraph_is_found_by_its_first_line() {
        let file = "// one\na\n\n// two things\nb\nthings\n\nc";
        assert_eq!(
            paragraph(file, "two things"),
            ["// two things", "b", "things"]
        );
        assert!(paragraph(file, "things\n").is_empty());
        assert!(paragraph(file, "b").is_empty());
    }
}
