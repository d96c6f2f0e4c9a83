//! Every link of the built book, followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::pages::join;

/// Follows the links of all pages; says which lead nowhere. Returns how many there are.
pub(crate) fn check(folder: &Path, wrong: &mut Vec<String>) -> Result<usize> {
    let mut files = BTreeSet::new();
    list(folder, "", &mut files)?;
    let mut ids = BTreeMap::new();
    let mut links = Vec::new();
    for file in files.iter().filter(|file| is_page(file)) {
        let html = fs::read_to_string(folder.join(file))?;
        let found: BTreeSet<_> = attributes(&html, "id").map(str::to_owned).collect();
        ids.insert(file.clone(), found);
        for name in ["href", "src"] {
            links.extend(attributes(&html, name).map(|link| (file.clone(), unescape(link))));
        }
    }
    for (file, link) in &links {
        if let Some(reason) = broken(file, link, &files, &ids) {
            wrong.push(format!("{file}: {link}: {reason}"));
        }
    }
    Ok(links.len())
}

/// Pages that mdBook makes of ours; its own frame for the contents is none.
fn is_page(file: &str) -> bool {
    file.ends_with(".html") && file != "toc.html" && file != "404.html"
}

fn list(folder: &Path, below: &str, files: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name);
        }
    }
    Ok(())
}

/// The values of an attribute of the HTML that mdBook writes: in double quotes, behind a space.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&start)?;
        let (value, behind) = after.split_once('"')?;
        rest = behind;
        Some(value)
    })
}

fn unescape(link: &str) -> String {
    link.replace("&amp;", "&").replace("&#x27;", "'")
}

/// Why a link leads nowhere, if it does. What lies outside the book is looked at by its form alone.
fn broken(
    file: &str,
    link: &str,
    files: &BTreeSet<String>,
    ids: &BTreeMap<String, BTreeSet<String>>,
) -> Option<&'static str> {
    if let Some(rest) = link.strip_prefix("https://") {
        let host = rest.split(['/', '#', '?']).next().unwrap_or_default();
        let good = host.contains('.') && !link.contains(char::is_whitespace);
        return (!good).then_some("not an address");
    }
    if link.contains("://") {
        return Some("links outside begin with https://");
    }
    if link.starts_with("mailto:") || link.starts_with("data:") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (link, None),
    };
    let path = path.split('?').next().unwrap_or_default();
    let mut target = if path.is_empty() {
        file.to_owned()
    } else {
        join(file, path)
    };
    if target.is_empty() || path.ends_with('/') {
        target = format!("{target}/index.html")
            .trim_start_matches('/')
            .to_owned();
    }
    if !files.contains(&target) {
        return Some("there is no such file in the book");
    }
    match (anchor, ids.get(&target)) {
        (None | Some(""), _) | (_, None) => None,
        (Some(anchor), Some(ids)) => {
            (!ids.contains(anchor)).then_some("the page has no such anchor")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{attributes, broken};

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let files = BTreeSet::from(["a.html".to_owned(), "guides/b.html".to_owned()]);
        let ids = BTreeMap::from([("a.html".to_owned(), BTreeSet::from(["here".to_owned()]))]);
        let says = |from, link| broken(from, link, &files, &ids);
        assert_eq!(says("guides/b.html", "../a.html#here"), None);
        assert_eq!(says("a.html", "#here"), None);
        assert_eq!(says("a.html", "https://example.org/x"), None);
        assert!(says("guides/b.html", "../a.html#there").is_some());
        assert!(says("guides/b.html", "a.html").is_some());
        assert!(says("a.html", "http://example.org").is_some());
        assert!(says("a.html", "https://nothing").is_some());
    }

    #[test]
    fn attributes_are_read() {
        let html = "<a href=\"x\">y</a> <a class=\"c\" href=\"z\">";
        assert_eq!(attributes(html, "href").collect::<Vec<_>>(), ["x", "z"]);
    }
}
