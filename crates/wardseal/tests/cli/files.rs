//! Sealing and opening files: whole or not at all, and where it belongs.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{Place, Said};

fn content(bytes: u32) -> Vec<u8> {
    (0..bytes)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

/// What lies in a folder, in order.
fn names(place: &Place, folder: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(place.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_comes_back_under_its_name() {
    let place = Place::with(&["anna"]);
    let content = content(3_000_000);
    let session = place.seal("anna", "Befund.pdf", &content);
    let inspected = place
        .run("nobody", &["inspect", "Befund.pdf.wseal", "--json"])
        .good()
        .json();
    assert_eq!(inspected["session"], session);
    fs::create_dir(place.path("in")).unwrap();
    let said = place
        .run("anna", &["open", "Befund.pdf.wseal", "-o", "in", "--json"])
        .good()
        .json();
    assert_eq!(said["objects"][0]["media_type"], "application/pdf");
    assert_eq!(said["objects"][0]["bytes"], 3_000_000);
    assert_eq!(place.read("in/Befund.pdf"), content);
    assert_eq!(names(&place, "in"), ["Befund.pdf"]);

    // Not over what is there, unless asked to.
    place.write("in/Befund.pdf", "mine");
    place.run("anna", &["open", "Befund.pdf.wseal", "-o", "in"]).refused(
        1,
        "error: in/Befund.pdf exists already\n  choose another name with -o, or replace it with --force\n",
    );
    assert_eq!(place.read("in/Befund.pdf"), b"mine");
    place
        .run("anna", &["open", "Befund.pdf.wseal", "-o", "in", "--force"])
        .good();
    assert_eq!(place.read("in/Befund.pdf"), content);

    for (range, part) in [
        ("0-9", 0..10),
        ("1048571-1048580", 1_048_571..1_048_581),
        ("2999990-5000000", 2_999_990..3_000_000),
    ] {
        let arguments = [
            "open",
            "Befund.pdf.wseal",
            "-o",
            "part",
            "--force",
            "--range",
            range,
        ];
        place.run("anna", &arguments).good();
        assert_eq!(place.read("part"), content[part], "{range}");
    }
}

#[test]
fn through_pipes() {
    let place = Place::with(&["anna"]);
    let pass = |arguments: &[&str], input: &[u8]| {
        let mut child = place
            .command("anna", arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let mut output = Vec::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut output)
            .unwrap();
        writer.join().unwrap().unwrap();
        assert!(child.wait().unwrap().success());
        output
    };
    let content = content(2_500_000);
    let sealed = pass(&["seal", "-", "--manage", "anna", "-o", "-"], &content);
    assert_eq!(pass(&["open", "-", "-o", "-"], &sealed), content);
}

/// The name within is somebody else's word.
#[test]
fn a_name_leads_nowhere_else() {
    let place = Place::with(&["anna"]);
    place.write("a.txt", "hello");
    for (number, (claimed, name)) in [
        ("../../evil.txt", "evil.txt"),
        ("/tmp/evil2.txt", "evil2.txt"),
        ("..\\evil3.txt", "evil3.txt"),
        (".hidden", "hidden"),
    ]
    .into_iter()
    .enumerate()
    {
        let sealed = format!("{number}.wseal");
        let seal = [
            "seal", "a.txt", "--manage", "anna", "-o", &sealed, "--name", claimed,
        ];
        place.run("anna", &seal).good();
        let folder = format!("in{number}");
        fs::create_dir(place.path(&folder)).unwrap();
        place.run("anna", &["open", &sealed, "-o", &folder]).good();
        assert_eq!(names(&place, &folder), [name]);
    }
    let seal = [
        "seal", "a.txt", "--manage", "anna", "-o", "x.wseal", "--name", "..",
    ];
    let object = place.run("anna", &seal).good().id("obj_");
    fs::create_dir(place.path("in")).unwrap();
    place.run("anna", &["open", "x.wseal", "-o", "in"]).good();
    assert_eq!(names(&place, "in"), [object]);
}

#[test]
fn what_was_changed_does_not_open_and_leaves_nothing() {
    let place = Place::with(&["anna", "ben"]);
    place.seal("anna", "a.pdf", content(2_200_000));
    let sealed = place.read("a.pdf.wseal");
    fs::create_dir(place.path("in")).unwrap();
    let mut cases: Vec<(&str, Vec<u8>)> = Vec::new();
    for at in [
        100,
        400,
        5000,
        sealed.len() / 2,
        sealed.len() - 100,
        sealed.len() - 1,
    ] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        cases.push(("changed", changed));
    }
    for length in [0, 7, 300, 5000, sealed.len() / 2, sealed.len() - 1] {
        cases.push(("cut", sealed[..length].to_vec()));
    }
    cases.push(("longer", [sealed.as_slice(), b"x"].concat()));
    cases.push(("another format", b"%PDF-1.7 and so on".to_vec()));
    for (what, bytes) in cases {
        place.write("bad.wseal", &bytes);
        let said = place.run("anna", &["open", "bad.wseal", "-o", "in"]);
        assert!(
            matches!(said.code, 1 | 5),
            "{what} {}: {said:?}",
            bytes.len()
        );
        assert!(said.err.starts_with("error: "), "{said:?}");
        assert_eq!(said.out, "");
        assert_eq!(names(&place, "in"), [""; 0], "{what} {}", bytes.len());
    }
    place.write("bad.wseal", b"%PDF-1.7 and so on");
    place
        .run("anna", &["open", "bad.wseal", "-o", "in"])
        .refused(
            1,
            "error: cannot open bad.wseal: these bytes are no sealed object\n",
        );
    place.write("bad.wseal", &sealed[..sealed.len() / 2]);
    place
        .run("anna", &["open", "bad.wseal", "-o", "in"])
        .refused(
            1,
            "error: cannot open bad.wseal: the object is cut off\n  fetch it again\n",
        );
    let said = place.run("ben", &["open", "a.pdf.wseal", "-o", "in"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert_eq!(names(&place, "in"), [""; 0]);
}

#[test]
fn a_full_disk_is_told_and_nothing_is_left() {
    let place = Place::with(&["anna"]);
    place.seal("anna", "a.pdf", content(3_000_000));
    place.run("anna", &["open", "a.pdf.wseal", "-o", "/dev/full"]).refused(
        1,
        "error: cannot write /dev/full: no space left on device\n  make room on the disk, or choose another place with -o\n",
    );
    // A limit of the system on the size of files stands for a disk that fills up half-way.
    fs::create_dir(place.path("in")).unwrap();
    for arguments in [
        ["open", "a.pdf.wseal", "-o", "in/a.pdf"].as_slice(),
        &["seal", "a.pdf", "--manage", "anna", "-o", "in/a.wseal"],
    ] {
        let program = place.command("anna", arguments);
        let mut limited = Command::new("bash");
        limited
            .args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\""])
            .arg(program.get_program())
            .args(program.get_args())
            .current_dir(program.get_current_dir().unwrap())
            .envs(
                program
                    .get_envs()
                    .filter_map(|(key, value)| Some((key, value?))),
            );
        let said = Said::by(&mut limited);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("make room on the disk"), "{}", said.err);
        assert_eq!(names(&place, "in"), [""; 0]);
    }
}

/// Whoever interrupts it finds no half of a file.
#[test]
fn an_interrupt_leaves_nothing() {
    let place = Place::with(&["anna"]);
    fs::create_dir(place.path("in")).unwrap();
    let mut child = place
        .command(
            "anna",
            &["seal", "-", "--manage", "anna", "-o", "in/a.wseal"],
        )
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&content(2_500_000)).unwrap();
    for _ in 0..200 {
        if !names(&place, "in").is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(names(&place, "in").len(), 1, "it has begun to write");
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(&place, "in"), [""; 0]);
    drop(stdin);
}

#[test]
fn what_cannot_be_is_said_before_anything_is_made() {
    let place = Place::with(&["anna"]);
    place.write("a.txt", "hello");
    for arguments in [
        ["seal", "a.txt"].as_slice(),
        &["seal", "a.txt", "--for", "anna"],
        &["seal", "a.txt", "a.txt", "--manage", "anna", "-o", "x"],
        &["seal", "-", "--manage", "anna"],
        &["seal", "a.txt", "--manage", "anna", "-o", "-", "--json"],
        &["open", "a.txt", "--range", "9-1"],
        &["seal", ".", "--manage", "anna"],
    ] {
        let said = place.run("anna", arguments);
        assert_eq!(said.code, 2, "{arguments:?} {said:?}");
    }
    let said = place.run(
        "anna",
        &["seal", "a.txt", "missing.txt", "--manage", "anna"],
    );
    assert_eq!(said.code, 1);
    assert!(
        said.err.starts_with("error: cannot read missing.txt: "),
        "{}",
        said.err
    );
    let said = place.run("anna", &["session", "list"]).good();
    assert_eq!(said.out, "there is no session that you may open\n");
    assert!(!place.path("a.txt.wseal").exists());
}
