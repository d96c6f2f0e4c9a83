//! People, their machines, groups and sessions.

use std::process::Stdio;

use crate::Place;

const PASSWORD: &str = "Drei Igel tanzen 1 Walzer\n";

#[test]
fn a_machine_comes_and_goes() {
    let place = Place::with(&["anna"]);
    let tenant = place.tenant();
    place
        .run_with("anna", &["password", "set"], PASSWORD)
        .good();
    place.seal("anna", "a.txt", "hello");

    // For one command, and nothing is kept.
    let open = [
        "open",
        "a.txt.wseal",
        "-o",
        "-",
        "--as",
        "anna",
        "--tenant",
        &tenant,
    ];
    let said = place.run_with("borrowed", &open, PASSWORD).good();
    assert_eq!(said.out, "hello");
    assert!(!place.path("machines/borrowed").exists());

    let login = ["login", "--name", "anna", "--tenant", &tenant];
    let device = place.run_with("new", &login, PASSWORD).good().id("dev_");
    let said = place.run("new", &["device", "list"]).good();
    assert!(
        said.out.contains(&format!("{device}  device  (this one)")),
        "{}",
        said.out
    );
    assert_eq!(said.out.lines().count(), 3);
    place
        .run("new", &["open", "a.txt.wseal", "-o", "opened"])
        .good();
    assert_eq!(place.read("opened"), b"hello");
    let own = place.run("new", &["device", "revoke", &device]);
    assert_eq!(own.code, 1, "{own:?}");

    let said = place.run("new", &["logout"]).good();
    assert!(
        said.out
            .contains(&format!("wardseal device revoke {device}"))
    );
    let said = place.run("new", &["group", "list"]);
    assert!(
        said.err.starts_with("error: nobody is signed in"),
        "{}",
        said.err
    );
    place.run("anna", &["device", "revoke", &device]).good();
    let said = place.run("anna", &["device", "list"]).good();
    assert!(!said.out.contains(&device), "{}", said.out);

    // A device that was revoked while it was signed in.
    let device = place.run_with("new", &login, PASSWORD).good().id("dev_");
    place.run("anna", &["device", "revoke", &device]).good();
    let said = place.run("new", &["group", "list"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("was revoked"), "{}", said.err);
}

/// The password can be changed where only the password is at hand.
#[test]
fn a_password_changes_itself() {
    let place = Place::with(&["anna"]);
    let tenant = place.tenant();
    place
        .run_with("anna", &["password", "set"], PASSWORD)
        .good();
    let both = format!("{PASSWORD}Vier Igel tanzen 2 Walzer\n");
    let set = ["password", "set", "--as", "anna", "--tenant", &tenant];
    place.run_with("borrowed", &set, &both).good();
    let show = ["user", "show", "--as", "anna", "--tenant", &tenant];
    assert_eq!(place.run_with("borrowed", &show, PASSWORD).code, 4);
    let new = "Vier Igel tanzen 2 Walzer\n";
    let said = place.run_with("borrowed", &show, new).good();
    assert_eq!(
        said.id("usr_"),
        place.run("anna", &["user", "show"]).id("usr_")
    );
}

#[test]
fn groups_from_their_beginning_to_their_end() {
    let place = Place::with(&["anna", "ben", "carla"]);
    let group = place.group("anna", "North", &["--member", "ben"]);
    let of = |person: &str| {
        place
            .run(person, &["group", "show", &group, "--json"])
            .good()
            .json()
    };
    assert_eq!(of("ben")["name"], "North");
    assert_eq!(of("ben")["role"], "member");
    assert_eq!(of("carla")["name"], serde_json::Value::Null);
    assert_eq!(of("carla")["role"], serde_json::Value::Null);

    let denied = place.run("ben", &["group", "add", "North", "carla"]);
    assert_eq!(denied.code, 5, "{denied:?}");
    let user = place.run("carla", &["user", "show"]).good().id("usr_");
    place
        .run("anna", &["group", "add", "North", &user, "--admin"])
        .good();
    assert_eq!(of("carla")["role"], "admin");
    place
        .run("carla", &["group", "rename", "North", "Nord"])
        .good();
    place
        .run("carla", &["group", "role", "Nord", "ben", "admin"])
        .good();
    assert_eq!(of("ben")["role"], "admin");
    place
        .run("ben", &["group", "remove", "Nord", "carla"])
        .good();
    assert_eq!(of("carla")["role"], serde_json::Value::Null);
    assert_eq!(of("ben")["epoch"], 1);
    let said = place.run("carla", &["group", "list"]).good();
    assert_eq!(said.out, "you are in no group\n");
    assert_eq!(place.run("carla", &["group", "show", "Nord"]).code, 1);

    // A group within a group.
    let outer = place.group("carla", "All", &["--member", &group]);
    let said = place.run("ben", &["group", "list", "--json"]).good().json();
    let names: Vec<_> = said["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["name"].clone())
        .collect();
    assert_eq!(names, ["Nord", "All"]);
    place.run("carla", &["group", "dissolve", &outer]).good();
    let said = place.run("ben", &["group", "list"]).good();
    assert!(!said.out.contains(&outer), "{}", said.out);
}

#[test]
fn sessions_and_who_may_open_them() {
    let place = Place::with(&["anna", "ben", "carla"]);
    place.group("anna", "North", &[]);
    let nobody = place.run("anna", &["session", "create", "--read", "ben"]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
    let create = [
        "session",
        "create",
        "--manage",
        "group:North",
        "--read",
        "ben",
        "--label",
        "case 7",
        "--metadata",
        "{\"bed\":12}",
    ];
    let session = place.run("anna", &create).good().id("ses_");
    let of = |person: &str| place.run(person, &["session", "show", &session, "--json"]);
    let seen = of("ben").good().json();
    assert_eq!(seen["rights"], "read");
    assert_eq!(seen["metadata"]["bed"], 12);
    assert_eq!(seen["label"], "case 7");
    assert_eq!(of("carla").code, 5);
    let said = place.run("ben", &["session", "list"]).good();
    assert!(
        said.out.starts_with(&format!("{session}  read  case 7")),
        "{}",
        said.out
    );

    assert_eq!(
        place
            .run("ben", &["session", "grant", &session, "carla"])
            .code,
        5
    );
    place
        .run("anna", &["session", "rights", &session, "ben", "share"])
        .good();
    place
        .run("ben", &["session", "grant", &session, "carla"])
        .good();
    assert_eq!(of("carla").good().json()["rights"], "read");
    place
        .run("anna", &["session", "revoke", &session, "carla"])
        .good();
    assert_eq!(of("carla").code, 5);
    assert_eq!(of("ben").good().json()["epoch"], 1);

    place
        .run("anna", &["session", "create", "--manage", "ben"])
        .refused(
            1,
            "error: you are not among the recipients\n  add yourself or a group of yours\n",
        );
    let bad = place.run(
        "anna",
        &["session", "create", "--manage", "anna", "--metadata", "{"],
    );
    assert_eq!(bad.code, 2, "{bad:?}");
    let damaged = place.run("anna", &["session", "create", "--manage", "usr_abc"]);
    assert_eq!(damaged.code, 2, "{damaged:?}");
}

#[test]
fn a_case_with_what_is_under_it_and_how_it_ends() {
    let place = Place::with(&["anna", "ben", "carla"]);
    let id = |person: &str| place.run(person, &["user", "show"]).good().id("usr_");
    let (anna, ben) = (id("anna"), id("ben"));
    let create = |recipients: &[&str]| {
        let command = [&["session", "create", "--manage", "anna"], recipients].concat();
        place.run("anna", &command).good().id("ses_")
    };
    let case = create(&["--read", "ben", "--read", "carla"]);
    place
        .run("anna", &["session", "rights", &case, "ben", "share"])
        .good();
    let history = ["session", "history", &case];
    let told = place.run("ben", &history).good().out;
    let mut lines = told.lines();
    let made = lines.next().unwrap();
    assert!(made.contains(&format!("  {anna}  made it for ")), "{told}");
    let changed = lines.next().unwrap();
    assert!(
        changed.ends_with(&format!("gave {ben} the right to share")),
        "{told}"
    );
    assert_eq!(lines.next(), None, "{told}");
    let json = [&history[..], &["--json"]].concat();
    let told = place.run("ben", &json).good().json();
    let events = told["events"].as_array().unwrap();
    assert_eq!(events[0]["what"]["created"].as_array().unwrap().len(), 3);
    assert_eq!(events[1]["what"]["rights"], "share");
    assert_eq!(events[1]["by"], anna);

    // Who is in it, and through whom.
    let show = |person: &str| place.run(person, &["session", "show", &case]);
    let shown = show("ben").good().out;
    let line = shown.lines().find(|line| line.contains(&ben)).unwrap();
    assert!(
        line.contains(&format!("{ben}  share  created by {anna}, 20")),
        "{shown}"
    );

    // A session under it is made by its identifier.
    let children = |person: &str| place.run(person, &["session", "children", &case]);
    let none = children("anna").good().out;
    assert!(none.contains("no session under this one"), "{none}");
    let under = create(&["--read", &case]);
    assert_eq!(children("ben").good().out, format!("{under}\n"));

    let revoke = |person: &str, how: &[&str]| {
        place.run(person, &[&["session", "revoke", &case], how].concat())
    };
    for usage in [
        &[][..],
        &["--all", "--others"],
        &["--all", "ben"],
        &["--others", "ben"],
    ] {
        assert_eq!(revoke("anna", usage).code, 2, "{usage:?}");
    }
    assert_eq!(revoke("ben", &["--others"]).code, 5);
    let said = revoke("anna", &["--others"]).good().out;
    assert!(
        said.starts_with("revoked\n") && !said.contains(&ben),
        "{said}"
    );
    assert_eq!(show("ben").code, 5);
    assert_eq!(show("anna").good().out.lines().count(), 2);
    let said = revoke("anna", &["--all"]).good().out;
    assert_eq!(
        said,
        format!("{case} has ended: nobody opens it any more\n")
    );
    assert_eq!(show("anna").code, 5);
    assert_eq!(children("anna").code, 5);
}

/// A name is never a group's, whatever that calls itself.
#[test]
fn a_group_cannot_take_a_persons_place() {
    let place = Place::with(&["anna", "ben"]);
    place.group("anna", "doctor-4711", &[]);
    let said = place.run(
        "anna",
        &[
            "session",
            "create",
            "--manage",
            "anna",
            "--read",
            "doctor-4711",
        ],
    );
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("knows nobody by the name"),
        "{}",
        said.err
    );
}

#[test]
fn a_tenant_is_made_once() {
    let place = Place::with(&[]);
    let again = ["tenant", "create", "--name", "Test", "--dir", "tenant"];
    let said = place.run("operator", &again).good();
    assert_eq!(said.id("ten_"), place.tenant());
    let other = ["tenant", "create", "--name", "Other", "--dir", "tenant"];
    assert_eq!(place.run("operator", &other).code, 2);
    for secret in ["root.key", "token.key", "escrow.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = place.path(&format!("tenant/{secret}"));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let shown = place.run("anybody", &["tenant", "show", "--tenant", &place.tenant()]);
    let shown = shown.good().out;
    assert_eq!(shown.matches("key_").count(), 3);
    assert_eq!(shown.matches("escrow").count(), 1);
}

#[test]
fn an_escrow_key_is_added_by_whoever_has_signed_up() {
    let place = Place::with(&["anna"]);
    let add = ["tenant", "add-escrow-key", "--dir", "tenant", "--file"];
    let add = |person: &str, file: &str| {
        let line = [add.as_slice(), &[file, "--assigned"]].concat();
        place.run(person, &line)
    };
    let added = add("anna", "second.key").good().id("key_");
    // Once more enters nothing, and so does the key that the tenant began with.
    assert_eq!(add("anna", "second.key").good().id("key_"), added);
    let first = add("anna", "escrow.key").good().id("key_");
    let shown = place.run("anybody", &["tenant", "show", "--tenant", &place.tenant()]);
    let shown = shown.good().out;
    assert_eq!(shown.matches("escrow").count(), 2);
    assert!(shown.contains(&added) && shown.contains(&first));
    // A stranger cannot bring it, and a file of something else is none.
    assert_ne!(add("stranger", "third.key").code, 0);
    assert_ne!(add("anna", "tenant.toml").code, 0);
}

/// Programs that run at the same time over one folder do not harm it.
#[test]
fn several_at_once_over_one_folder() {
    let place = Place::with(&["anna"]);
    let children: Vec<_> = (0..6)
        .map(|number| {
            place
                .command("anna", &["group", "create", &format!("Ward {number}")])
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let said = place.run("anna", &["group", "list"]).good();
    assert_eq!(said.out.lines().count(), 6, "{}", said.out);
    place.seal("anna", "a.txt", "hello");
    place
        .run("anna", &["open", "a.txt.wseal", "-o", "opened"])
        .good();
}
