//! A page for each TypeScript package, of the declarations that the compiler wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Page;
use crate::workspace::Workspace;

/// Package, folder, place of its page, entry points, and what is said first.
const PACKAGES: &[(&str, &str, &str, &[&str])] = &[
    (
        "@wardseal/sdk",
        "packages/sdk",
        "reference/typescript.md",
        &["index", "node"],
    ),
    (
        "@wardseal/react",
        "packages/react",
        "reference/react.md",
        &["index"],
    ),
    (
        "@wardseal/testing",
        "packages/testing",
        "reference/testing.md",
        &["index"],
    ),
];

/// One exported thing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Declaration {
    kind: String,
    documentation: String,
    /// Its first line, or all of it where it has no members.
    head: String,
    /// Signature and documentation of each.
    members: Vec<(String, String)>,
}

/// The pages of the packages that are in the tree.
pub(crate) fn pages(workspace: &Workspace) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for (name, folder, place, entries) in PACKAGES {
        if workspace.has(&format!("{folder}/package.json")) {
            let dist = workspace.root.join(folder).join("dist");
            pages.push(Page::generated(place, &page(name, &dist, entries)?));
        }
    }
    Ok(pages)
}

fn page(name: &str, dist: &Path, entries: &[&str]) -> Result<String> {
    let mut page = format!(
        "# {name}\n\nEverything that the package exports, of its type declarations. Guides say how it goes together.\n\n"
    );
    for entry in entries {
        let index = fs::read_to_string(dist.join(format!("{entry}.d.ts")))
            .with_context(|| format!("{name} is not built"))?;
        let from = if *entry == "index" {
            name.to_owned()
        } else {
            format!("{name}/{entry}")
        };
        page.push_str(&format!("## From {from}\n\n"));
        let mut found: BTreeMap<String, Declaration> = BTreeMap::new();
        for (file, names) in exports(&index) {
            let text = fs::read_to_string(dist.join(file.replace(".js", ".d.ts")))?;
            let mut declared = declarations(&text);
            for name in names {
                if let Some(declaration) = declared.remove(&name) {
                    found.insert(name, declaration);
                }
            }
        }
        found.extend(declarations(&index));
        // What one begins with stands first: the client, classes, functions, then what they are about.
        if let Some(client) = found.remove("Wardseal") {
            page.push_str(&show("Wardseal", &client));
        }
        for kind in ["class", "function", "const", "interface", "type"] {
            for (name, declaration) in found
                .iter()
                .filter(|(_, declaration)| declaration.kind == kind)
            {
                page.push_str(&show(name, declaration));
            }
        }
    }
    Ok(page)
}

fn show(name: &str, declaration: &Declaration) -> String {
    let mut out = format!("### {name}\n\n*{}*", declaration.kind);
    if !declaration.documentation.is_empty() {
        out.push_str(&format!(" · {}", declaration.documentation));
    }
    out.push_str("\n\n");
    if declaration.members.is_empty() {
        out.push_str(&format!("```ts\n{}\n```\n\n", declaration.head));
    }
    for (signature, documentation) in &declaration.members {
        out.push_str(&format!("- `{signature}`"));
        if !documentation.is_empty() {
            out.push_str(&format!("  \n  {documentation}"));
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

/// `export { a, type B } from "./c.js"` → (`c.js`, [`a`, `B`]).
fn exports(index: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for statement in index.split(';') {
        let Some((list, file)) = statement
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'))
            .and_then(|(list, rest)| {
                Some((list, rest.split_once("from \"./")?.1.trim_end_matches('"')))
            })
        else {
            continue;
        };
        if !statement.contains("export") {
            continue;
        }
        let names = list
            .split(',')
            .map(|name| name.trim().trim_start_matches("type ").to_owned())
            .filter(|name| !name.is_empty());
        found.push((file.to_owned(), names.collect()));
    }
    found
}

/// The exported declarations of a file, by name.
fn declarations(text: &str) -> BTreeMap<String, Declaration> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    let mut documentation = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with("/**") {
            documentation = comment(line, &mut lines);
            continue;
        }
        let words = line
            .trim_start_matches("export ")
            .trim_start_matches("declare ")
            .trim_start_matches("abstract ");
        let (kind, rest) = words.split_once(' ').unwrap_or((words, ""));
        let known = ["class", "interface", "type", "function", "const"].contains(&kind);
        // `export type { … } from` is a list and declares nothing.
        if !line.starts_with("export ") || !known || rest.starts_with('{') {
            documentation.clear();
            continue;
        }
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let mut declaration = Declaration {
            kind: kind.to_owned(),
            documentation: std::mem::take(&mut documentation),
            head: line.to_owned(),
            members: Vec::new(),
        };
        let block = line.ends_with('{');
        if block && (kind == "class" || kind == "interface") {
            declaration.members = members(&mut lines);
        } else if block || !line.ends_with(';') {
            for line in lines.by_ref() {
                declaration.head.push_str(&format!("\n{line}"));
                let done = if block {
                    line.starts_with('}')
                } else {
                    line.ends_with(';')
                };
                if done {
                    break;
                }
            }
        }
        // Overloads of a function stand one after the other.
        found
            .entry(name)
            .and_modify(|had: &mut Declaration| {
                had.head.push_str(&format!("\n{}", declaration.head));
            })
            .or_insert(declaration);
    }
    found
}

/// The members of a class or interface, to its closing brace.
fn members<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let mut documentation = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with('}') {
            break;
        }
        let line = line.trim();
        if line.starts_with("/**") {
            documentation = comment(line, lines);
            continue;
        }
        let mut signature = line.to_owned();
        let mut depth = depth_of(line);
        while depth > 0 {
            let Some(line) = lines.next() else { break };
            depth += depth_of(line);
            let line = line.trim();
            // A comment within would not fit on one line.
            if !(line.starts_with('*') || line.starts_with("/*")) {
                signature.push_str(&format!(" {line}"));
            }
        }
        let hidden = ["#", "private ", "protected "]
            .iter()
            .any(|word| signature.starts_with(word));
        if !hidden {
            members.push((
                signature.trim_end_matches(';').to_owned(),
                std::mem::take(&mut documentation),
            ));
        }
        documentation.clear();
    }
    members
}

/// How many braces and parentheses a line leaves open.
fn depth_of(line: &str) -> isize {
    line.chars().fold(0, |depth, c| match c {
        '{' | '(' => depth + 1,
        '}' | ')' => depth - 1,
        _ => depth,
    })
}

/// The words of a documentation comment in one paragraph, links as names.
fn comment<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut text = first.to_owned();
    while !text.contains("*/") {
        let Some(line) = lines.next() else { break };
        text.push('\n');
        text.push_str(line);
    }
    let words: Vec<_> = text
        .lines()
        .flat_map(|line| {
            line.trim()
                .trim_start_matches("/**")
                .trim_end_matches("*/")
                .trim_start_matches('*')
                .split_whitespace()
        })
        .collect();
    let mut text = words.join(" ");
    while let Some((before, rest)) = text.clone().split_once("{@link ") {
        let Some((name, after)) = rest.split_once('}') else {
            break;
        };
        text = format!("{before}`{name}`{after}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{declarations, exports};

    const FILE: &str = "/** A thing, see {@link Other}. */\nexport declare class Thing {\n    #private;\n    private constructor();\n    /**\n     * Does it\n     * well.\n     */\n    do(a: {\n        b: number;\n    }): Promise<void>;\n}\nexport type Word = \"a\" | \"b\";\n";

    #[test]
    fn declarations_are_read() {
        let found = declarations(FILE);
        let thing = &found["Thing"];
        assert_eq!(thing.documentation, "A thing, see `Other`.");
        assert_eq!(
            thing.members,
            [(
                "do(a: { b: number; }): Promise<void>".to_owned(),
                "Does it well.".to_owned()
            )]
        );
        assert_eq!(found["Word"].head, "export type Word = \"a\" | \"b\";");
    }

    #[test]
    fn exports_are_read() {
        let found = exports(
            "/** x */\nexport { type A, b } from \"./c.js\";\nimport { d } from \"./e.js\";",
        );
        assert_eq!(
            found,
            [("c.js".to_owned(), vec!["A".to_owned(), "b".to_owned()])]
        );
    }
}
