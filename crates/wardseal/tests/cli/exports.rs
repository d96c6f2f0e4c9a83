//! Keys of sessions in a file.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::Place;

#[test]
fn an_export_opens_where_nobody_is_signed_in_and_no_server_answers() {
    let place = Place::with(&["anna"]);
    let session = place.seal("anna", "report.txt", "all well");
    let arguments = ["session", "export", &session, "-o", "keys"];
    let said = place.run("anna", &arguments).good();
    assert!(said.out.contains("keep it secret"), "{said:?}");
    let mode = fs::metadata(place.path("keys"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // Not over another secret, unless asked to.
    assert_eq!(place.run("anna", &arguments).code, 1);

    let tenant = place.tenant();
    let alone = |arguments: &[&str]| {
        let nowhere = [
            "--server",
            "http://127.0.0.1:9",
            "--tenant",
            &tenant,
            "--keep-keys",
            "5",
        ];
        place.run("archive", &[arguments, &nowhere].concat())
    };
    let open = ["open", "report.txt.wseal", "-o", "out.txt"];
    assert_ne!(alone(&open).code, 0);
    let said = alone(&["session", "import", "keys"]).good();
    assert!(said.out.contains(&session), "{said:?}");
    alone(&open).good();
    assert_eq!(place.read("out.txt"), b"all well");
}

#[test]
fn imports_that_would_be_lost_or_are_not_right_are_refused() {
    let place = Place::with(&["anna"]);
    let session = place.seal("anna", "report.txt", "all well");
    place
        .run("anna", &["session", "export", &session, "-o", "keys"])
        .good();
    let tenant = place.tenant();
    let lost = ["session", "import", "keys", "--tenant", &tenant];
    let lost = place.run("ben", &lost);
    assert_eq!(lost.code, 2, "{lost:?}");
    assert!(lost.err.contains("--keep-keys"), "{lost:?}");

    let import = |file: &str| {
        let arguments = [
            "session",
            "import",
            file,
            "--keep-keys",
            "5",
            "--tenant",
            &tenant,
        ];
        place.run("ben", &arguments)
    };
    let mut changed = place.read("keys");
    *changed.last_mut().unwrap() ^= 1;
    fs::write(place.path("keys"), changed).unwrap();
    let refused = import("keys");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("do not use it"), "{refused:?}");
    // Whoever can read it opens everything: it is not read either.
    fs::set_permissions(place.path("keys"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(import("keys").err.contains("chmod 600"));
}
