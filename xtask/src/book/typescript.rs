//! Blocks of TypeScript: compiled in strict mode against the packages, and run in Node where they say so.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::blocks::{self, Block};
use super::{FOLDER, Page, Tools, symlink};
use crate::process::{self, Log};
use crate::setup;
use crate::workspace::Workspace;

/// What begins a line that readers see only when they ask for it.
const HIDDEN: &str = "//~";

/// Packages of ours that pages use, in the order in which they need each other.
const PACKAGES: &[&str] = &["packages/sdk", "packages/testing", "packages/react"];

/// Packages of others, and the package of ours that has them installed.
const OTHERS: &[(&str, &[&str])] = &[
    ("packages/sdk", &["@types/node"]),
    (
        "packages/react",
        &[
            "react",
            "react-dom",
            "@types/react",
            "@types/react-dom",
            "csstype",
        ],
    ),
];

const CONFIGURATION: &str = r##"{
  "compilerOptions": {
    "target": "ES2022",
    "module": "nodenext",
    "moduleResolution": "nodenext",
    "lib": ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable", "ESNext.Disposable"],
    "types": ["node"],
    "jsx": "react-jsx",
    "rootDir": "source",
    "outDir": "out",
    "strict": true,
    "exactOptionalPropertyTypes": true,
    "skipLibCheck": true
  },
  "include": ["source"]
}
"##;

/// Builds the packages that are in the tree, unless stages of their own have just done so.
pub(crate) fn build_packages(workspace: &Workspace, log: &mut Log) -> Result<()> {
    for folder in PACKAGES {
        let built = workspace.prebuilt && workspace.has(&format!("{folder}/dist/index.js"));
        if built || !workspace.has(&format!("{folder}/package.json")) {
            continue;
        }
        setup::npm_install(workspace, log, folder)?;
        let mut build = Command::new("npm");
        build
            .args(["run", "--silent", "build"])
            .current_dir(workspace.root.join(folder));
        log.run(&mut build)?;
    }
    Ok(())
}

/// Compiles and runs.
pub(crate) fn check(
    tools: &Tools<'_>,
    pages: &[(&Page, Vec<Block>)],
    log: &mut Log,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let folder = tools.scratch.join("ts");
    let source = folder.join("source");
    fs::create_dir_all(&source)?;
    let mut runs = Vec::new();
    let mut any = false;
    for (page, blocks) in pages {
        for (program, number) in blocks::programs(blocks, &["ts", "tsx"])
            .into_iter()
            .zip(1..)
        {
            any = true;
            let jsx = program.iter().any(|block| block.language == "tsx");
            let name = format!("{}-{number}", blocks::slug(page));
            let mut text = blocks::program(&program, HIDDEN);
            // With this it is a module, whatever else it says.
            text.push_str("\nexport {};\n");
            fs::write(
                source.join(format!("{name}.{}", if jsx { "tsx" } else { "ts" })),
                text,
            )?;
            if program.iter().any(|block| block.has("run")) {
                runs.push((page.source.clone(), name));
            }
        }
    }
    if !any {
        return Ok(());
    }
    surroundings(tools.workspace, &folder)?;
    let tsc = tools
        .workspace
        .root
        .join("packages/sdk/node_modules/.bin/tsc");
    log.say("$ tsc over the blocks of ts and tsx")?;
    let compiled = Command::new(tsc)
        .arg("--project")
        .arg(&folder)
        .current_dir(&folder)
        .output()?;
    if !compiled.status.success() {
        let said = String::from_utf8_lossy(&compiled.stdout);
        wrong.extend(said.lines().map(|line| translate(line, pages)));
        return Ok(());
    }
    for (page, name) in runs {
        log.say(&format!("$ node {name}.js"))?;
        let mut node = Command::new("node");
        node.arg("run.mjs")
            .arg(format!("out/{name}.js"))
            .current_dir(&folder)
            .env("WARDSEAL_BIN", &tools.wardseal);
        if let Err(error) = process::output(&mut node) {
            wrong.push(format!("{page}: {error}"));
        }
    }
    Ok(())
}

/// Writes what the programs find around them: packages, and the servers of [`FOLDER`]`/code`.
fn surroundings(workspace: &Workspace, folder: &Path) -> Result<()> {
    fs::write(folder.join("tsconfig.json"), CONFIGURATION)?;
    fs::write(
        folder.join("package.json"),
        r##"{ "type": "module", "imports": { "#servers": "./servers.mjs" } }"##,
    )?;
    for file in ["run.mjs", "servers.mjs", "servers.d.mts"] {
        fs::copy(
            workspace.root.join(FOLDER).join("code").join(file),
            folder.join(file),
        )?;
    }
    let modules = folder.join("node_modules");
    for package in PACKAGES {
        if let Some(name) = package.strip_prefix("packages/")
            && workspace.has(package)
        {
            symlink(
                &workspace.root.join(package),
                &modules.join("@wardseal").join(name),
            )?;
        }
    }
    for (package, names) in OTHERS {
        for name in *names {
            let installed = workspace.root.join(package).join("node_modules").join(name);
            if installed.exists() {
                symlink(&installed, &modules.join(name))?;
            }
        }
    }
    Ok(())
}

/// `source/guides-groups-1.ts(34,5): error …` → `docs/book/src/guides/groups.md:34: error …`.
fn translate(line: &str, pages: &[(&Page, Vec<Block>)]) -> String {
    let found = line
        .strip_prefix("source/")
        .and_then(|rest| rest.split_once('('))
        .and_then(|(file, rest)| {
            let (slug, _) = file.rsplit_once('-')?;
            let (page, _) = pages.iter().find(|(page, _)| blocks::slug(page) == slug)?;
            let (place, said) = rest.split_once(')')?;
            let (number, _) = place.split_once(',')?;
            Some(format!("{}:{number}{said}", page.source))
        });
    found.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::translate;
    use crate::book::Page;

    #[test]
    fn what_the_compiler_says_is_said_of_the_page() {
        let page = Page::generated("guides/groups.md", "");
        let said = "source/guides-groups-1.ts(34,5): error TS2304: Cannot find name 'x'.";
        assert_eq!(
            translate(said, &[(&page, Vec::new())]),
            "docs/book/src/guides/groups.md:34: error TS2304: Cannot find name 'x'."
        );
        assert_eq!(translate("other", &[]), "other");
    }
}
