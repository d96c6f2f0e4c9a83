//! File names that somebody else chose.

/// Longest name that is made, in bytes: file systems take 255, and we add to it.
const LONGEST: usize = 200;

/// Devices of Windows, which no file there can be called, whatever follows a dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A file name made of one that came with an object: never a path, never hidden, and what a person
/// sees is what the system opens. `None` when nothing is left of it.
pub(crate) fn safe_file_name(claimed: &str) -> Option<String> {
    let last = claimed.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last
        .chars()
        .map(|letter| match letter {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
            other => other,
        })
        .filter(|letter| !letter.is_control() && !is_invisible(*letter))
        .collect();
    while name.len() > LONGEST {
        name.pop();
    }
    let name = name
        .trim_start_matches(|letter: char| letter == '.' || letter.is_whitespace())
        .trim_end_matches(|letter: char| letter == '.' || letter.is_whitespace());
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    if name.is_empty() {
        None
    } else if DEVICES.contains(&stem.as_str()) {
        Some(format!("_{name}"))
    } else {
        Some(name.to_owned())
    }
}

/// Characters that turn the direction of writing around or are not shown: `report\u{202e}fdp.exe`
/// looks like a document.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for (claimed, name) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("C:\\Users\\x\\a.txt", "a.txt"),
            ("a:b.txt", "a_b.txt"),
            (".bashrc", "bashrc"),
            ("...x", "x"),
            ("  Befund M\u{fc}ller.pdf ", "Befund M\u{fc}ller.pdf"),
            ("a\nb\u{1b}[31m.txt", "ab[31m.txt"),
            ("report\u{202e}fdp.exe", "reportfdp.exe"),
            ("nul", "_nul"),
            ("COM1.txt", "_COM1.txt"),
            ("console.txt", "console.txt"),
            ("trailing. . ", "trailing"),
        ] {
            assert_eq!(
                safe_file_name(claimed).as_deref(),
                Some(name),
                "{claimed:?}"
            );
        }
        for nothing in ["", ".", "..", "/", "a/", "...", "\u{200b}", " \t "] {
            assert_eq!(safe_file_name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let name = safe_file_name(&"\u{e4}".repeat(300)).unwrap();
        assert_eq!(name, "\u{e4}".repeat(100));
    }
}
