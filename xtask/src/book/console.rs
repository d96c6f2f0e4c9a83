//! Blocks of a shell: each command is looked up, and blocks that say `run` are run against real servers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::blocks::Block;
use super::{Page, Tools, reference};
use crate::process::{self, Log};
use crate::story::Server;
use crate::workspace::Workspace;

/// A command, and what is shown below it.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    command: String,
    shown: Vec<String>,
    number: usize,
}

/// Looks up and runs.
pub(crate) fn check(
    tools: &Tools<'_>,
    pages: &[(&Page, Vec<Block>)],
    log: &mut Log,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let help = reference::help(tools)?;
    for (page, blocks) in pages {
        let mut run = Vec::new();
        // Where `cd` of earlier blocks led.
        let mut folder = String::new();
        for block in blocks.iter().filter(|block| block.language == "console") {
            let found = calls(block);
            if found.is_empty() {
                wrong.push(format!(
                    "{}:{}: no line begins with `$ `",
                    page.source, block.number
                ));
            }
            for call in &found {
                if block.has("run") {
                    continue;
                }
                if let Some(reason) = unknown(tools.workspace, &help, &mut folder, &call.command) {
                    wrong.push(format!("{}:{}: {reason}", page.source, call.number));
                }
            }
            if block.has("run") {
                run.extend(found);
            }
        }
        if !run.is_empty() {
            log.say(&format!("$ the commands of {}", page.source))?;
            execute(tools, page, &run, log, wrong)
                .with_context(|| format!("cannot run the commands of {}", page.source))?;
        }
    }
    Ok(())
}

/// The commands of a block: lines that begin with `$ `, joined where one ends with a backslash.
fn calls(block: &Block) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open = false;
    for line in &block.lines {
        let text = line.text.trim_end();
        let command = text.strip_prefix("$ ");
        match (command, calls.last_mut()) {
            (Some(command), _) => calls.push(Call {
                command: command.to_owned(),
                shown: Vec::new(),
                number: line.number,
            }),
            (None, Some(call)) if open => {
                call.command = format!("{} {}", call.command.trim_end_matches('\\'), text.trim());
            }
            (None, Some(call)) => call.shown.push(text.to_owned()),
            (None, None) => {}
        }
        open = text.ends_with('\\');
    }
    calls
}

/// Why a command is none that works, if that can be seen without running it.
fn unknown(
    workspace: &Workspace,
    help: &BTreeMap<String, String>,
    folder: &mut String,
    command: &str,
) -> Option<String> {
    let command = command.split(" #").next().unwrap_or_default();
    for part in command.split("&&") {
        let words: Vec<_> = part
            .split_whitespace()
            .skip_while(|word| word.contains('=') && !word.starts_with('-'))
            .collect();
        let problem = match words.as_slice() {
            ["wardseal", rest @ ..] => unknown_words(help, rest),
            ["cargo", "xtask", task, ..] => (!crate::HELP.contains(&format!("\n  {task} ")))
                .then(|| format!("there is no `cargo xtask {task}`")),
            ["cargo", "build", "--package", package] => {
                let known = workspace
                    .members()
                    .is_ok_and(|members| members.values().any(|member| member.name == *package));
                (!known).then(|| format!("there is no package {package}"))
            }
            ["cd", target] => {
                let there =
                    super::pages::join(format!("{folder}/x").trim_start_matches('/'), target);
                let exists = workspace.root.join(&there).is_dir();
                *folder = there;
                (!exists).then(|| format!("there is no folder {folder}"))
            }
            ["npm", verb, rest @ ..] => script(workspace, folder, verb, rest),
            _ => Some(format!(
                "{part:?} cannot be checked: mark the block `text`, or let it run"
            )),
        };
        if problem.is_some() {
            return problem;
        }
    }
    None
}

/// Looks up subcommands and options in what `--help` says.
fn unknown_words(help: &BTreeMap<String, String>, words: &[&str]) -> Option<String> {
    let mut path = String::new();
    let mut text = help.get("")?;
    for word in words {
        let deeper = format!("{path} {word}").trim().to_owned();
        if let Some(found) = help.get(&deeper) {
            text = found;
            path = deeper;
        } else if path.is_empty() && !word.starts_with('-') {
            return Some(format!("there is no `wardseal {word}`"));
        } else if word.starts_with("--") {
            let option = word.split('=').next().unwrap_or_default();
            let known = text
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                .any(|had| had == option);
            if !known {
                return Some(format!("`wardseal {path}` has no option {option}"));
            }
        }
    }
    None
}

/// Looks up a script of the `package.json` of a folder.
fn script(workspace: &Workspace, folder: &str, verb: &str, rest: &[&str]) -> Option<String> {
    let file = workspace.root.join(folder).join("package.json");
    let Ok(text) = fs::read_to_string(file) else {
        return Some(format!("{folder:?} has no package.json"));
    };
    let name = match (verb, rest) {
        ("install" | "ci", []) => return None,
        ("run", [name, ..]) => *name,
        ("start" | "test", _) => verb,
        _ => {
            return Some(format!(
                "npm {verb} cannot be checked: mark the block `text`"
            ));
        }
    };
    let scripts = serde_json::from_str::<serde_json::Value>(&text).ok()?;
    let there = scripts
        .get("scripts")
        .and_then(|scripts| scripts.get(name))
        .is_some();
    (!there).then(|| format!("{folder}/package.json has no script {name}"))
}

/// What separates the parts of what the shell prints; no program prints it.
const MARK: char = '\u{1e}';

/// Runs the commands of a page in an empty folder with servers of its own, and compares what is shown.
fn execute(
    tools: &Tools<'_>,
    page: &Page,
    calls: &[Call],
    log: &mut Log,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let folder = tools
        .scratch
        .join("console")
        .join(super::blocks::slug(page));
    let work = folder.join("work");
    fs::create_dir_all(&work)?;
    let keys = Server::start(&tools.wardseal, "keys", &folder, log)?;
    let vault = Server::start(&tools.wardseal, "vault", &folder, log)?;
    let mut script = String::new();
    for call in calls {
        script.push_str(&format!("{}\nprintf '{MARK}%s{MARK}' $?\n", call.command));
    }
    let programs = tools.wardseal.parent().unwrap_or_else(|| Path::new("."));
    let path = process::variable("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        std::iter::once(programs.to_owned()).chain(std::env::split_paths(&path)),
    )?;
    let said = process::output(
        Command::new("bash")
            .args(["-c", &format!("exec 2>&1\n{script}\nexit 0")])
            .current_dir(&work)
            .env("PATH", path)
            .env("HOME", &work)
            .env("WARDSEAL_SERVER", &keys.url)
            .env("WARDSEAL_VAULT", &vault.url),
    )?;
    drop((keys, vault));
    let said = String::from_utf8_lossy(&said);
    let mut parts = said.split(MARK);
    for call in calls {
        let (Some(printed), Some(code)) = (parts.next(), parts.next()) else {
            wrong.push(format!("{}:{}: was not reached", page.source, call.number));
            break;
        };
        // What is refused is shown as it is refused.
        let refused = call.shown.iter().any(|line| line.contains("error"));
        if (code != "0") != refused {
            wrong.push(format!(
                "{}:{}: `{}` ended with {code}:\n{}",
                page.source,
                call.number,
                call.command,
                printed.trim()
            ));
            break;
        }
        if !agrees(&call.shown, printed) {
            wrong.push(format!(
                "{}:{}: `{}` prints\n{}",
                page.source,
                call.number,
                call.command,
                printed.trim()
            ));
        }
    }
    Ok(())
}

/// Whether what is shown is what was printed: `…` stands for anything, alone on a line for any lines. Nothing shown
/// agrees with everything.
fn agrees(shown: &[String], printed: &str) -> bool {
    let shown: Vec<_> = shown
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();
    let printed: Vec<_> = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    shown.is_empty() || lines_agree(&shown, &printed)
}

fn lines_agree(shown: &[&str], printed: &[&str]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, printed) => printed.is_none(),
        (Some((&"…", rest)), None) => lines_agree(rest, printed),
        (Some((&"…", rest)), Some((_, behind))) => {
            lines_agree(rest, printed) || lines_agree(shown, behind)
        }
        (Some(_), None) => false,
        (Some((line, rest)), Some((had, behind))) => {
            line_agrees(line, had) && lines_agree(rest, behind)
        }
    }
}

fn line_agrees(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{agrees, calls, unknown_words};
    use crate::book::{Page, blocks};

    #[test]
    fn commands_and_what_they_show() {
        let page = Page::generated("x.md", "```console\n$ one \\\n    two\nsaid\n$ three\n```");
        let found = calls(&blocks::of(&page).unwrap()[0]);
        assert_eq!(
            found[0].command.split_whitespace().collect::<Vec<_>>(),
            ["one", "two"]
        );
        assert_eq!(found[0].shown, ["said"]);
        assert_eq!((found[1].command.as_str(), found[1].number), ("three", 5));
    }

    #[test]
    fn dots_stand_for_anything() {
        let shown = |lines: &[&str]| {
            lines
                .iter()
                .map(|line| (*line).to_owned())
                .collect::<Vec<_>>()
        };
        assert!(agrees(&shown(&["a … c", "…", "z"]), "a b c\nd\ne\nz\n"));
        assert!(agrees(&shown(&[]), "anything"));
        assert!(agrees(&shown(&["ses_…"]), "ses_abc\n"));
        assert!(!agrees(&shown(&["a"]), "b"));
        assert!(!agrees(&shown(&["a"]), "a\nb"));
        assert!(!agrees(&shown(&["a…c"]), "abd"));
    }

    #[test]
    fn options_are_looked_up() {
        let help = BTreeMap::from([
            (String::new(), "Commands: seal".to_owned()),
            ("seal".to_owned(), "  --for <X>  --manage <X>".to_owned()),
        ]);
        assert_eq!(unknown_words(&help, &["seal", "x", "--for", "y"]), None);
        assert!(unknown_words(&help, &["seal", "--fro", "y"]).is_some());
        assert!(unknown_words(&help, &["steal"]).is_some());
    }
}
