//! What waits for people and facilities who have not signed up yet, typed.

use std::sync::Arc;

use tokio::runtime::Runtime;
use wardseal_client::crypto::secret::Secret;
use wardseal_e2e::Application;
use wardseal_tenant::{EscrowSecret, TokenKey};

use crate::{Place, Said, surroundings::write_private};

const FACILITY: &str = "finess:750000001";
const ADDRESS: &str = "info@clinic.example";

/// Whoever has the tenant's keys at hand signs at once, and a name has one owner.
#[test]
fn a_name_is_bound_at_once_and_only_once() {
    let place = Place::with(&["anna", "ben"]);
    let groups = ["anna", "ben"].map(|person| place.group(person, "Clinic", &[]));
    let bind = [
        "group",
        "bind",
        "Clinic",
        FACILITY,
        "--tenant-dir",
        "tenant",
    ];
    for _ in 0..2 {
        place.run("anna", &bind).good();
    }
    let shown = place.run("ben", &["user", "show", FACILITY]).good();
    assert_eq!(shown.out, format!("{}  {FACILITY}\n", groups[0]));
    let taken = place.run("ben", &bind);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("name belongs to another"), "{taken:?}");
    let both = [&bind[..], &["--token-file", "token"]].concat();
    assert_eq!(place.run("ben", &both).code, 2);
}

/// Servers, the application's own among them.
struct Scene {
    place: Place,
    application: Application,
    _runtime: Runtime,
}

impl Scene {
    fn with(people: &[&str]) -> Self {
        let place = Place::with(people);
        let token = Secret::try_from_slice(&place.read("tenant/token.key")).unwrap();
        let escrow = EscrowSecret::from_bytes(&place.read("tenant/escrow.key")).unwrap();
        let runtime = Runtime::new().unwrap();
        let application = runtime.block_on(Application::start(
            place.tenant().parse().unwrap(),
            &TokenKey::from_seed(&token),
            escrow,
            &place.servers.keys_url(),
            Arc::clone(&place.servers.clock),
        ));
        let scene = Self {
            place,
            application,
            _runtime: runtime,
        };
        for person in people {
            scene.enter(person);
        }
        scene
    }

    /// The application gives somebody a token for its server.
    fn enter(&self, person: &str) {
        let user = self.place.run(person, &["user", "show"]).good().id("usr_");
        let file = self.place.path(&format!("{person}.token"));
        write_private(&file, &format!("{user}\n"));
    }

    fn command(&self, person: &str, line: &[&str]) -> std::process::Command {
        let mut command = self.place.command(person, line);
        command
            .env("WARDSEAL_TENANT_SERVER", self.application.url())
            .env("WARDSEAL_TENANT_TOKEN_FILE", format!("{person}.token"));
        command
    }

    fn run(&self, person: &str, line: &[&str]) -> Said {
        Said::by(&mut self.command(person, line))
    }

    /// A sealed file, and whoever is awaited in its session under this policy.
    fn sent(&self, file: &str, name: &str, more: &[&str]) -> (String, Said) {
        let session = self.place.seal("anna", file, "hello");
        let line = ["session", "grant-pending", &session, name, "--policy"];
        let granted = self.run("anna", &[&line, more].concat()).good();
        (session, granted)
    }

    fn opens(&self, person: &str, file: &str) -> bool {
        let sealed = format!("{file}.wseal");
        let said = self.place.run(person, &["open", &sealed, "-o", "-"]);
        said.code == 0 && said.out == "hello"
    }
}

#[test]
fn a_sender_s_code_opens_what_waits() {
    let scene = Scene::with(&["anna"]);
    let (session, granted) = scene.sent("a.txt", "dora", &["code"]);
    let pending = granted.id("pnd_");
    let code = granted.out.trim().rsplit(' ').next().unwrap();
    assert_eq!(code.len(), 19, "{}", granted.out);
    let line = ["session", "grant-pending", &session, "dora", "--policy"];
    let again = scene.run("anna", &[&line[..], &["code"]].concat()).good();
    assert!(again.out.contains(&pending) && again.out.ends_with(&format!("{code}\n")));
    let status = || {
        scene
            .run("anna", &["escrow", "status", &session])
            .good()
            .out
    };
    assert!(status().starts_with(&format!("{session}  {pending}  deposited 2")));

    scene.place.sign_up("dora");
    scene.enter("dora");
    let waits = scene.run("dora", &["escrow", "pending"]).good().out;
    assert!(waits.starts_with(&format!("{pending}  {session}  code  from usr_")));
    let said = scene.run("dora", &["escrow", "claim"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    assert!(
        said.out.contains("wardseal escrow claim --code"),
        "{said:?}"
    );
    assert!(!scene.opens("dora", "a.txt"));

    let claim = ["escrow", "claim", "--code"];
    scene.run("dora", &claim).refused(
        2,
        "error: there is no terminal to ask for the code\n  give it as a line of standard input, with --password-stdin\n",
    );
    let typed = |code: &str| {
        let mut command = scene.command("dora", &claim);
        Said::with_input(command.arg("--password-stdin"), &format!("{code}\n"))
    };
    typed("0123").refused(
        1,
        "error: this is no code of a sender\n  it has 16 digits and letters, in groups of four: type it again\n",
    );
    let said = typed("0123-4567-89AB-CDEF");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("the code is wrong"), "{said:?}");
    let said = typed(code).good();
    assert_eq!(said.out, format!("{session}  claimed\n"));
    assert!(scene.opens("dora", "a.txt"));
    assert!(status().contains("  claimed 2"));
    let nothing = scene.run("dora", &["escrow", "claim", "--json"]).good();
    assert_eq!(nothing.json()["claimed"], serde_json::json!([]));
    let refused = scene.run("anna", &[&line[..], &["confirmed"]].concat());
    refused.refused(
        1,
        "error: somebody carries this name already\n  grant it directly: wardseal session grant SESSION NAME, or grp_… for a group\n",
    );
}

#[test]
fn a_mailed_code_opens_what_waits_for_a_facility() {
    let scene = Scene::with(&["anna", "dora", "emil"]);
    let mailed = ["verified", "--address", ADDRESS, "--language", "fr"];
    let (session, granted) = scene.sent("a.txt", FACILITY, &mailed);
    let pending = granted.id("pnd_");
    assert!(granted.out.contains(ADDRESS), "{}", granted.out);

    // The application signs the facility's name, and the token is used where it was asked for.
    let group = scene.place.group("dora", "Clinic", &["--member", "emil"]);
    let bind = ["group", "bind", "Clinic", FACILITY];
    let with = |option: &str, file: &str| scene.run("dora", &[&bind[..], &[option, file]].concat());
    with("--token-file", "none").refused(
        1,
        "error: cannot read none: no such file or directory\n  check the name\n",
    );
    scene.place.write("token", "nonsense");
    with("--token-file", "token").refused(
        1,
        "error: no request for \"finess:750000001\" is waiting for a token\n  begin with it: wardseal group bind GROUP NAME --request-file FILE\n",
    );
    with("--request-file", "request.json").good();
    let request = scene.place.read("request.json");
    // Asking again shows the same, so that a token for either is good.
    let shown = scene.run("dora", &bind).good().out;
    assert_eq!(shown.as_bytes(), request);
    let sign = ["tenant", "token", "--dir", "tenant", "request.json"];
    let token = scene.place.run("operator", &sign).good().out;
    scene.place.write("token", &token);
    let bound = with("--token-file", "token").good();
    assert!(
        bound
            .out
            .contains(&format!("{group} is called {FACILITY} now"))
    );
    let stolen = String::from_utf8(request)
        .unwrap()
        .replace(FACILITY, "ik:1");
    scene.place.write("request.json", stolen);
    let refused = scene.place.run("operator", &sign);
    assert!(refused.err.contains("asks for another name"), "{refused:?}");

    let of_group = |line: &[&str]| scene.run("emil", &[line, &["--group", &group]].concat());
    let own = scene.run("emil", &["escrow", "pending"]).good();
    assert_eq!(own.out, "nothing waits\n");
    let said = of_group(&["escrow", "claim"]);
    assert_eq!(said.code, 1);
    let advice = format!("wardseal escrow start-code {pending}");
    assert!(said.out.contains(&advice) && said.out.contains("@clinic.example"));
    assert!(!said.out.contains(ADDRESS), "{}", said.out);
    let started = of_group(&["escrow", "start-code", &pending, "--json"]).good();
    let attempt = started.json()["attempt"].as_str().unwrap().to_owned();
    let digits = scene.place.servers.mailbox.code_for(ADDRESS);
    let finish =
        |attempt: &str, code: &str| scene.run("emil", &["escrow", "finish-code", attempt, code]);
    assert_eq!(finish("abc", &digits).code, 2);
    let wrong = if digits.starts_with('1') {
        "20000000"
    } else {
        "10000000"
    };
    let refused = finish(&attempt, wrong);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("code"), "{refused:?}");
    assert!(
        finish(&attempt, &digits)
            .good()
            .out
            .contains("for 1 that wait")
    );
    let claimed = of_group(&["escrow", "claim"]).good();
    assert_eq!(claimed.out, format!("{session}  claimed\n"));
    for person in ["emil", "dora"] {
        assert!(scene.opens(person, "a.txt"), "{person}");
    }
    let stranger = ["escrow", "claim", "--group", &group];
    assert_eq!(scene.run("anna", &stranger).code, 5);
}

#[test]
fn whoever_compared_lets_in() {
    let scene = Scene::with(&["anna"]);
    let (session, granted) = scene.sent("a.txt", "dora", &["confirmed", "--days", "2"]);
    let pending = granted.id("pnd_");
    assert!(
        granted.out.contains("wardseal session let-in"),
        "{granted:?}"
    );
    for person in ["dora", "emil"] {
        scene.place.sign_up(person);
        scene.enter(person);
    }
    let said = scene.run("dora", &["escrow", "claim"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("the sender lets you in"), "{said:?}");
    let let_in = |who: &str| scene.run("anna", &["session", "let-in", &session, &pending, who]);
    let_in("emil").refused(1, "error: this member does not carry the name\n");
    assert!(let_in("dora").good().out.starts_with("let in\n"));
    assert!(scene.opens("dora", "a.txt"));
}

#[test]
fn what_is_missing_or_does_not_fit_is_said() {
    let scene = Scene::with(&["anna"]);
    let session = scene.place.seal("anna", "a.txt", "hello");
    let line = ["session", "grant-pending", &session, "dora", "--policy"];
    let grant = |more: &[&'static str]| [&line[..], more].concat();
    // The tenant's server is not known, and then it is not there.
    let code = grant(&["code"]);
    scene.place.run("anna", &code).refused(
        2,
        "error: no address of the server of the application is known\n  give it with --tenant-server, or in WARDSEAL_TENANT_SERVER\n",
    );
    scene.application.set_away(true);
    assert_eq!(scene.run("anna", &code).code, 1);
    scene.application.set_away(false);
    let shown = scene.run("anna", &["session", "show", &session]).good();
    assert!(!shown.out.contains("pnd_"), "{}", shown.out);
    // It knows nobody without a token, and a token is a secret.
    let mut command = scene.command("anna", &code);
    let said = Said::by(command.env_remove("WARDSEAL_TENANT_TOKEN_FILE"));
    said.refused(
        1,
        "error: the application's server does not know who calls\n  give what it knows you by: --tenant-token-file FILE, or WARDSEAL_TENANT_TOKEN_FILE\n",
    );
    scene.place.write("open.token", "secret");
    let mut command = scene.command("anna", &code);
    let said = Said::by(command.args(["--tenant-token-file", "open.token"]));
    assert!(said.err.contains("others can read open.token"), "{said:?}");
    for (usage, code) in [
        (grant(&["verified"]), 2),
        (grant(&["code", "--address", ADDRESS]), 2),
        (grant(&["code", "--days", "400"]), 2),
        (grant(&["code", "--right", "manage"]), 2),
        (grant(&["code", "--language", "deutsch"]), 1),
        // The tenant was made without `--assigned`.
        (grant(&["assigned"]), 1),
    ] {
        let said = scene.run("anna", &usage);
        assert_eq!(said.code, code, "{said:?}");
    }
    // Its address is remembered.
    let mut command = scene.command("anna", &code);
    Said::by(command.env_remove("WARDSEAL_TENANT_SERVER")).good();
}
