//! Pages that nobody writes: errors by code, the command line, TypeScript and HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Page, Tools, declarations, python};
use crate::process;

/// All of them.
pub(crate) fn pages(tools: &Tools<'_>) -> Result<Vec<Page>> {
    let root = &tools.workspace.root;
    let mut pages = errors(root)?;
    pages.push(Page::generated(
        "reference/cli.md",
        &command_line(&help(tools)?),
    ));
    pages.push(Page::generated("reference/http.md", &http(root)?));
    pages.push(python::reference(tools)?);
    pages.extend(declarations::pages(tools.workspace)?);
    Ok(pages)
}

/// What the client's errors mean. What the servers refuse has a page each in `docs/errors`.
const CLIENT_ERRORS: &str = "docs/book/client-errors.md";

/// What only the SDK for Rust raises.
const RUST_ERRORS: &[&str] = &["application"];

/// The list of all errors, and a page for each of the client's own.
fn errors(root: &Path) -> Result<Vec<Page>> {
    let mut told = BTreeMap::new();
    for entry in fs::read_dir(root.join("docs/errors"))? {
        let path = entry?.path();
        let code = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if code != "README" {
            let text = fs::read_to_string(&path)?;
            let meaning = text
                .lines()
                .skip(1)
                .find(|line| !line.is_empty())
                .unwrap_or_default();
            told.insert(code, meaning.to_owned());
        }
    }
    let client = fs::read_to_string(root.join(CLIENT_ERRORS))
        .with_context(|| format!("cannot read {CLIENT_ERRORS}"))?;
    let mut sections = client.split("\n## ");
    let introduction = sections.next().unwrap_or_default().trim();
    let mut pages = Vec::new();
    for section in sections {
        let (code, text) = section.split_once('\n').unwrap_or((section, ""));
        let meaning = text
            .lines()
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        if told.insert(code.to_owned(), meaning.to_owned()).is_some() {
            bail!("{CLIENT_ERRORS}: {code} is told twice");
        }
        let page = Page::generated(
            &format!("errors/{code}.md"),
            &format!("# {code}\n\n{}", text.trim().replace("\n### ", "\n## ")),
        );
        pages.push(Page {
            source: CLIENT_ERRORS.to_owned(),
            ..page
        });
    }
    let mut codes = codes(&fs::read_to_string(root.join("packages/sdk/src/codes.ts"))?)?;
    codes.extend(RUST_ERRORS.iter().map(|code| (*code).to_owned()));
    let missing: Vec<_> = codes
        .iter()
        .filter(|code| !told.contains_key(*code))
        .cloned()
        .collect();
    if !missing.is_empty() {
        bail!("{CLIENT_ERRORS} does not tell {}", missing.join(", "));
    }
    if let Some(page) = pages.iter().find(|page| {
        !codes
            .iter()
            .any(|code| page.place == format!("errors/{code}.md"))
    }) {
        bail!("{CLIENT_ERRORS} has {}, and nothing raises it", page.place);
    }
    let mut list = format!("{introduction}\n\n| Code | What happened |\n|---|---|\n");
    for (code, meaning) in &told {
        list.push_str(&format!(
            "| [`{code}`](errors/{code}.md) | {} |\n",
            meaning.replace('|', "\\|")
        ));
    }
    let list = Page::generated("errors.md", &list);
    pages.push(Page {
        source: CLIENT_ERRORS.to_owned(),
        ..list
    });
    Ok(pages)
}

/// The codes that the SDK's errors can have.
fn codes(text: &str) -> Result<BTreeSet<String>> {
    let list = text
        .split_once("errorCodes = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .context("packages/sdk/src/codes.ts has no errorCodes")?
        .0;
    Ok(list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

/// What `--help` says of the program (under the empty path) and of each of its subcommands.
pub(crate) fn help(tools: &Tools<'_>) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![String::new()];
    while let Some(path) = waiting.pop() {
        let mut command = Command::new(&tools.wardseal);
        command.args(path.split_whitespace()).arg("--help");
        let text = String::from_utf8(process::output(&mut command)?)?;
        for name in subcommands(&text) {
            waiting.push(format!("{path} {name}").trim().to_owned());
        }
        found.insert(path, text);
    }
    Ok(found)
}

/// The names in the list of commands of a help text.
fn subcommands(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))
        })
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

fn command_line(help: &BTreeMap<String, String>) -> String {
    let mut page = "# The command line\n\nWhat `--help` says, command by command. [Going to production](../guides/production.md) says how a server \
                    is run, and the [quick start](../quick-start/command-line.md) how people use the program.\n\n"
        .to_owned();
    // Each command repeats these.
    let common: BTreeSet<_> = help
        .get("group")
        .map(String::as_str)
        .and_then(options)
        .into_iter()
        .flat_map(str::lines)
        .collect();
    for (path, text) in help {
        let name = format!("wardseal {path}");
        let level = if path.contains(' ') { "###" } else { "##" };
        let kept = if path == "group" {
            text.clone()
        } else {
            without(text, &common)
        };
        page.push_str(&format!(
            "{level} {}\n\n```text\n{}\n```\n\n",
            name.trim(),
            kept.trim_end()
        ));
    }
    page
}

/// What begins the list of options that all commands have.
const COMMON: &str = "\nOptions of every command:\n";

fn options(text: &str) -> Option<&str> {
    Some(text.split_once(COMMON)?.1)
}

/// A help text without the options that all commands have; what follows them in the list is the command's own.
fn without(text: &str, common: &BTreeSet<&str>) -> String {
    let Some((before, list)) = text.split_once(COMMON) else {
        return text.to_owned();
    };
    let own: Vec<_> = list.lines().filter(|line| !common.contains(line)).collect();
    let heading = if own.is_empty() {
        ""
    } else {
        "\nOptions of this command:\n"
    };
    format!("{before}{heading}{}", own.join("\n"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The HTTP API, of the committed description.
fn http(root: &Path) -> Result<String> {
    let document: Value = serde_json::from_slice(&fs::read(root.join("docs/openapi.json"))?)?;
    let mut page = format!(
        "# The HTTP API\n\n{}\n\nClients speak it for you; you need this page to write one, to put a proxy in front, or to read a log. The \
         whole description, for tools, is `docs/openapi.json` in the sources (OpenAPI 3.1).\n\n",
        text(document.get("info").unwrap_or(&Value::Null), "description")
            .replace("`spec/`", "the [specification](../spec/00-overview.md)")
    );
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .context("no paths")?;
    for tag in ["key server", "vault"] {
        page.push_str(&format!("## Requests to the {tag}\n\n"));
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let tags = operation.get("tags").and_then(Value::as_array);
                if tags.is_none_or(|tags| !tags.iter().any(|had| had == tag)) {
                    continue;
                }
                page.push_str(&format!(
                    "### {} {path}\n\n{}\n\n",
                    method.to_uppercase(),
                    text(operation, "summary")
                ));
                page.push_str(&exchange(operation));
            }
        }
    }
    page.push_str("## Bodies\n\n");
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .context("no schemas")?;
    for (name, schema) in schemas {
        page.push_str(&format!(
            "### {name}\n\n{}\n\n",
            one_line(text(schema, "description"))
        ));
        page.push_str(&fields(schema));
    }
    Ok(page)
}

/// What is sent, answered and refused.
fn exchange(operation: &Value) -> String {
    let mut lines = Vec::new();
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        lines.push(format!("- Request: {}", type_of(body)));
    }
    if let Some(body) = operation.pointer("/responses/200/content/application~1json/schema") {
        lines.push(format!("- Answer: {}", type_of(body)));
    }
    let mut refused = Vec::new();
    for (status, answer) in operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if status != "200" {
            let description = text(answer, "description");
            refused.extend(
                description
                    .lines()
                    .filter_map(|line| line.strip_prefix('`')?.split_once('`'))
                    .map(|(code, _)| format!("[`{code}`](../errors/{code}.md)")),
            );
        }
    }
    if !refused.is_empty() {
        lines.push(format!("- Problems: {}", refused.join(", ")));
    }
    if operation.get("security").is_some() {
        lines.push("- With the token of a sign-in, or of the tenant's server".to_owned());
    }
    format!("{}\n\n", lines.join("\n"))
}

/// A schema in a few words.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|target| target.rsplit('/').next())
    {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for of in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = schema.get(of).and_then(Value::as_array) {
            return list.iter().map(type_of).collect::<Vec<_>>().join(" or ");
        }
    }
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "array" => {
            format!(
                "list of {}",
                type_of(schema.get("items").unwrap_or(&Value::Null))
            )
        }
        Some(Value::String(kind)) => {
            let format = text(schema, "format");
            if format.is_empty() {
                kind.clone()
            } else {
                format!("{kind} ({format})")
            }
        }
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "any".to_owned(),
    }
}

fn fields(schema: &Value) -> String {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("`{word}`"))
            .collect();
        return format!("One of {}.\n\n", words.join(", "));
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        let kind = type_of(schema);
        return if kind == "any" || kind == "object" {
            String::new()
        } else {
            format!("A {kind}.\n\n")
        };
    };
    let required: BTreeSet<_> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut table = "| Field | Type | |\n|---|---|---|\n".to_owned();
    for (name, field) in properties {
        let optional = if required.contains(name.as_str()) {
            ""
        } else {
            ", optional"
        };
        table.push_str(&format!(
            "| `{name}` | {}{optional} | {} |\n",
            type_of(field),
            one_line(text(field, "description")).replace('|', "\\|")
        ));
    }
    table.push('\n');
    table
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{codes, errors, subcommands, without};
    use crate::book::Page;

    /// The root of the tree.
    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }

    #[test]
    fn every_code_of_client_and_servers_is_told() {
        let pages = errors(root()).unwrap();
        let text = |page: &Page| {
            page.lines
                .iter()
                .map(|line| format!("{}\n", line.text))
                .collect::<String>()
        };
        let list = text(pages.last().unwrap());
        let source = std::fs::read_to_string(root().join("packages/sdk/src/codes.ts")).unwrap();
        for code in codes(&source).unwrap() {
            assert!(
                list.contains(&format!("[`{code}`](errors/{code}.md)")),
                "{code} is not listed"
            );
            let own = pages
                .iter()
                .find(|page| page.place == format!("errors/{code}.md"))
                .map(text);
            let page = own.unwrap_or_else(|| {
                std::fs::read_to_string(root().join(format!("docs/errors/{code}.md"))).unwrap()
            });
            let (_, rest) = page.split_once("\n## What to do\n").unwrap();
            assert!(rest.contains("- "), "{code} does not say what to do");
        }
    }

    #[test]
    fn options_of_every_command_are_left_out() {
        let common = std::collections::BTreeSet::from(["  --home"]);
        let text = "Seals\n\nOptions of every command:\n  --home\n  --read\n";
        assert_eq!(
            without(text, &common),
            "Seals\n\nOptions of this command:\n  --read"
        );
    }

    #[test]
    fn subcommands_are_read() {
        let text =
            "About\n\nCommands:\n  seal  Seals\n        more\n  help  Help\n\nOptions:\n  -h\n";
        assert_eq!(subcommands(text), ["seal"]);
    }
}
