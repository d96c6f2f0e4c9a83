//! The code blocks of pages: taken out, and each given to what can check its language.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use super::pages::{Line, Page, after};
use super::{Tools, console, python, typescript};
use crate::process::Log;

/// A block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands first behind the fence.
    pub(crate) language: String,
    /// What stands behind commas after it.
    pub(crate) words: Vec<String>,
    /// The line of the fence, from 1.
    pub(crate) number: usize,
    pub(crate) lines: Vec<Line>,
}

impl Block {
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|had| had == word)
    }

    /// Whether all of it comes from other files. It is checked where they are.
    fn included(&self) -> bool {
        let own = |line: &Line| line.from.is_none() && !line.text.trim().is_empty();
        self.lines.iter().any(|line| line.from.is_some()) && !self.lines.iter().any(own)
    }

    pub(crate) fn text(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|line| line.text.as_str()).collect();
        format!("{}\n", lines.join("\n"))
    }
}

/// Words that a block may have.
const WORDS: &[&str] = &["run", "own", "fails", "no_run", "should_panic"];

/// Languages of blocks, in the order in which they are reported.
const LANGUAGES: &[&str] = &[
    "console", "json", "python", "rust", "toml", "ts", "tsx", "text",
];

/// Code that is included must lie in a folder whose programs are compiled or run by a stage of their own.
const COMPILED: &[&str] = &["examples/", "packages/", "crates/"];

/// All blocks of a page. Indentation of a list is taken off.
pub(crate) fn of(page: &Page) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence = None;
    let mut indent = 0;
    for line in &page.lines {
        let was = fence.is_some();
        fence = after(fence, &line.text);
        match (was, &fence) {
            (false, Some(_)) => {
                indent = line.text.len() - line.text.trim_start().len();
                let mut words = line
                    .text
                    .trim()
                    .trim_start_matches('`')
                    .split(',')
                    .map(|word| word.trim().to_owned());
                blocks.push(Block {
                    language: words.next().unwrap_or_default(),
                    words: words.collect(),
                    number: line.number,
                    lines: Vec::new(),
                });
            }
            (true, Some(_)) => {
                let text = line
                    .text
                    .get(indent..)
                    .unwrap_or_else(|| line.text.trim_start());
                if let Some(block) = blocks.last_mut() {
                    block.lines.push(Line {
                        text: text.to_owned(),
                        ..line.clone()
                    });
                }
            }
            _ => {}
        }
    }
    if fence.is_some() {
        bail!("{}: a block of code does not end", page.source);
    }
    Ok(blocks)
}

/// Checks all blocks of all pages. Returns how many there are of each language.
pub(crate) fn check(
    tools: &Tools<'_>,
    pages: &[&Page],
    log: &mut Log,
    wrong: &mut Vec<String>,
) -> Result<BTreeMap<&'static str, usize>> {
    let mut counts = BTreeMap::new();
    let mut checked = Vec::new();
    for page in pages {
        let mut kept = Vec::new();
        for block in of(page)? {
            if let Some(language) = LANGUAGES.iter().find(|known| **known == block.language) {
                *counts.entry(*language).or_default() += 1;
            }
            match complaint(tools.workspace.root.as_path(), page, &block) {
                Some(complaint) => {
                    wrong.push(format!("{}:{}: {complaint}", page.source, block.number));
                }
                None if !block.included() => kept.push(block),
                None => {}
            }
        }
        checked.push((*page, kept));
    }
    typescript::check(tools, &checked, log, wrong)?;
    console::check(tools, &checked, log, wrong)?;
    python::check(tools, &checked, log, wrong)?;
    Ok(counts)
}

/// What is wrong with a block by itself.
fn complaint(root: &Path, page: &Page, block: &Block) -> Option<String> {
    // The notation of the specification (RFC 8610); the vectors say whether it is right.
    if block.language == "cddl" && page.source.starts_with("spec/") {
        return None;
    }
    if !LANGUAGES.contains(&block.language.as_str()) {
        return Some(format!(
            "a block of {:?} cannot be checked: use one of {}",
            block.language,
            LANGUAGES.join(", ")
        ));
    }
    if let Some(word) = block
        .words
        .iter()
        .find(|word| !WORDS.contains(&word.as_str()))
    {
        return Some(format!("{word:?} means nothing behind the fence"));
    }
    let outside = block.lines.iter().filter_map(|line| line.from.as_deref());
    for file in outside {
        if !COMPILED.iter().any(|folder| file.starts_with(folder)) {
            return Some(format!("nothing compiles {file}, so it cannot be included"));
        }
    }
    match block.language.as_str() {
        "toml" => toml::from_str::<toml::Table>(&block.text())
            .err()
            .map(|error| error.to_string()),
        "json" => serde_json::Deserializer::from_str(&block.text())
            .into_iter::<serde_json::Value>()
            .find_map(Result::err)
            .map(|error| error.to_string()),
        "rust" if !block.included() => untested(root, page),
        _ => None,
    }
}

/// The crate whose doc tests are the Rust of the book.
const RUST: &str = "docs/book/rust/src/lib.rs";

/// Rust is compiled and run as doc tests of a crate that includes each page.
fn untested(root: &Path, page: &Page) -> Option<String> {
    let text = std::fs::read_to_string(root.join(RUST)).unwrap_or_default();
    let name = page.source.trim_start_matches("docs/book/");
    (!text.contains(&format!("{name}\"")))
        .then(|| format!("{RUST} does not include this page: its Rust would not be compiled"))
}

/// The blocks of a language as one program, each line in the line of its page: what a compiler says of line 12 is about
/// line 12 there. `hidden` begins lines that readers do not see.
pub(crate) fn program(blocks: &[&Block], hidden: &str) -> String {
    let mut program: Vec<String> = Vec::new();
    for block in blocks {
        for line in &block.lines {
            while program.len() + 1 < line.number {
                program.push(String::new());
            }
            let text = match line.text.trim_start().strip_prefix(hidden) {
                Some(text) => text.strip_prefix(' ').unwrap_or(text),
                None => line.text.as_str(),
            };
            program.push(text.to_owned());
        }
    }
    program.join("\n")
}

/// The blocks of some languages on one page by the program that they belong to: those that are marked `own` alone, the
/// others together.
pub(crate) fn programs<'a>(blocks: &'a [Block], languages: &[&str]) -> Vec<Vec<&'a Block>> {
    let all = blocks
        .iter()
        .filter(|block| languages.contains(&block.language.as_str()));
    let (own, shared): (Vec<_>, Vec<_>) = all.partition(|block| block.has("own"));
    let mut programs: Vec<_> = own.into_iter().map(|block| vec![block]).collect();
    if !shared.is_empty() {
        programs.insert(0, shared);
    }
    programs
}

/// A name for files of a page.
pub(crate) fn slug(page: &Page) -> String {
    page.place.trim_end_matches(".md").replace('/', "-")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Page, complaint, of, program, programs};

    const PAGE: &str = "# Page\n\n```ts,run\n//~ import { a } from \"b\";\nconst x = a;\n```\n\ntext\n\n- item\n  ```ts\n  use(x);\n  ```\n\n```ts,own\nalone();\n```\n";

    #[test]
    fn the_blocks_of_a_page_are_one_program_in_its_lines() {
        let blocks = of(&Page::generated("page.md", PAGE)).unwrap();
        assert_eq!(blocks.len(), 3);
        assert!(blocks[0].has("run") && blocks[2].has("own"));
        let found = programs(&blocks, &["ts"]);
        assert_eq!(found.len(), 2);
        let text = program(&found[0], "//~");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[3], "import { a } from \"b\";");
        assert_eq!(lines[4], "const x = a;");
        assert_eq!(lines[11], "use(x);");
        assert_eq!(program(&found[1], "//~").lines().nth(15), Some("alone();"));
    }

    #[test]
    fn a_block_that_nothing_can_check_is_refused() {
        let says = |text: &str| {
            let page = Page::generated("page.md", text);
            let blocks = of(&page).unwrap();
            complaint(Path::new("."), &page, &blocks[0])
        };
        assert!(says("```\nx\n```").is_some());
        assert!(says("```perl\nx\n```").is_some());
        assert!(says("```ts,runn\nx\n```").is_some());
        assert!(says("```toml\nx =\n```").is_some());
        assert!(says("```json\n{]\n```").is_some());
        assert!(says("```rust\nfn main() {}\n```").is_some());
        assert_eq!(says("```text\nx\n```"), None);
        assert_eq!(says("```toml\nx = 1\n```"), None);
        assert!(of(&Page::generated("page.md", "```text\nx")).is_err());
    }
}
