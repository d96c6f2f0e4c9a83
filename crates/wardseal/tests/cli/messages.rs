//! What is said when something is wrong: what happened, what to do, and an exit code.

use wardseal_client::{crypto::secret::Secret, types::Timestamp};
use wardseal_tenant::{NameRequest, TokenKey};
use wardseal_testkit::seeded;

use crate::{
    Place, Said,
    surroundings::{now, write_private},
};

const PASSWORD: &str = "Drei Igel tanzen 1 Walzer\n";
const DAY: u64 = 24 * 3_600_000;

#[test]
fn what_is_missing_is_asked_for() {
    let place = Place::at(now());
    place.run("anna", &["group", "list"]).refused(
        2,
        "error: the tenant is not known\n  give it with --tenant or in WARDSEAL_TENANT: the application says which it is\n",
    );
    assert!(!place.path("machines/anna").exists(), "nothing was made");
    place.found();
    let tenant = place.tenant();
    place.run("anna", &["group", "list", "--tenant", &tenant]).refused(
        1,
        "error: nobody is signed in on this machine\n  sign up (wardseal user sign-up), sign in (wardseal login), or act once with a password (--as NAME)\n",
    );
    let mut command = place.command("anna", &["tenant", "show", "--tenant", &tenant]);
    Said::by(command.env_remove("WARDSEAL_SERVER").env_remove("WARDSEAL_VAULT")).refused(
        2,
        "error: no address of the key server is known\n  give it with --server or --vault, or in WARDSEAL_SERVER or WARDSEAL_VAULT\n",
    );
    place.run("anna", &["login", "--name", "anna", "--tenant", &tenant]).refused(
        2,
        "error: there is no terminal to ask for the password\n  give it with --password-stdin, or name a file in WARDSEAL_PASSWORD_FILE\n",
    );
    let mut command = place.command("anna", &["group", "list"]);
    Said::by(command.env("WARDSEAL_TENANT", "ten_abc")).refused(
        2,
        "error: WARDSEAL_TENANT is no tenant: the identifier is damaged: copy it again in full\n",
    );
}

#[test]
fn a_server_that_is_not_there() {
    let mut place = Place::with(&["anna"]);
    let url = place.servers.keys_url();
    place.servers.stop_keys();
    place.run("anna", &["group", "create", "North"]).refused(
        3,
        &format!("error: no connection to the server at {url}\n  check the address (--server, --vault) and the network, then try again\n"),
    );
    let said = place.run("anna", &["group", "create", "North", "--json"]);
    assert_eq!(said.code, 3);
    assert_eq!(said.err, "");
    assert_eq!(said.json()["error"]["code"], "unreachable");
    place.servers.start_keys();
    place.run("anna", &["group", "create", "North"]).good();
}

#[test]
fn a_server_that_is_another_one() {
    let place = Place::with(&["anna"]);
    let elsewhere = Place::with(&[]);
    let tenant = elsewhere.tenant();
    let expected = "error: the server has no such tenant\n  check the tenant identifier and the address of the server\n";
    let show = ["tenant", "show", "--tenant", &tenant];
    place.run("anna", &show).refused(1, expected);
    // Nor do the keys of one tenant serve for another.
    let list = ["group", "list", "--tenant", &tenant];
    let said = place.run("anna", &list);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("another tenant"), "{}", said.err);
    let vault = place.servers.vault_url();
    let said = place.run("anna", &["group", "list", "--server", &vault]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err
            .starts_with("error: there is nothing under this address"),
        "{}",
        said.err
    );
    place
        .run("anna", &["group", "list", "--server", "http://keys.example.org"])
        .refused(
            2,
            "error: http://keys.example.org would be reached without encryption: use https:// (plain http:// is for this machine)\n",
        );
    place
        .run("anna", &["group", "list", "--server", "keys.example.org"])
        .refused(
            2,
            "error: \"keys.example.org\" is not the address of a server: write it like https://keys.example.org\n",
        );
}

#[test]
fn passwords_that_are_wrong_or_weak() {
    let place = Place::with(&["anna"]);
    let tenant = place.tenant();
    place
        .run_with("anna", &["password", "set"], "password1\n")
        .refused(
            1,
            "error: this password is too easy to guess\n  use at least 10 characters: three or four unrelated words are easy to remember\n",
        );
    let own_name = place.run_with("anna", &["password", "set"], "anna tanzt 1 Walzer\n");
    assert_eq!(own_name.code, 1, "{own_name:?}");
    place
        .run_with("anna", &["password", "set"], PASSWORD)
        .good();
    let login = ["login", "--name", "anna", "--tenant", &tenant];
    for wrong in ["Drei Igel tanzen 2 Walzer\n", "drei igel tanzen 1 walzer\n"] {
        place.run_with("new", &login, wrong).refused(
            4,
            "error: the name or the password is wrong\n  type them again\n",
        );
    }
    let nobody = ["login", "--name", "nobody", "--tenant", &tenant];
    assert_eq!(place.run_with("new", &nobody, PASSWORD).code, 4);
    place.run_with("anna", &login, PASSWORD).refused(
        1,
        "error: somebody is signed in on this machine already\n  use another folder (--home DIR), or run wardseal logout first\n",
    );
    // A file with a password that others can read.
    let file = place.path("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let said = Said::by(
        place
            .command("new", &login)
            .env("WARDSEAL_PASSWORD_FILE", &file),
    );
    assert_eq!(said.code, 1);
    assert!(said.err.contains("chmod 600"), "{}", said.err);
    std::fs::remove_file(&file).unwrap();
    write_private(&file, PASSWORD);
    Said::by(
        place
            .command("new", &login)
            .env("WARDSEAL_PASSWORD_FILE", &file),
    )
    .good();
}

#[test]
fn names_and_tokens() {
    let place = Place::with(&["anna"]);
    let other = [
        "user",
        "sign-up",
        "--name",
        "anna",
        "--tenant-dir",
        "tenant",
    ];
    place.run("other", &other).refused(
        1,
        "error: the name belongs to another user of this tenant\n  sign in as that user (wardseal login --name …), or sign up with another name\n",
    );
    let tenant = place.tenant();
    let ask = [
        "user",
        "sign-up",
        "--name",
        "ben",
        "--tenant",
        &tenant,
        "--request-file",
        "request",
    ];
    place.run("ben", &ask).good();
    let sign = || {
        let said = place.run(
            "operator",
            &["tenant", "token", "--dir", "tenant", "request"],
        );
        place.write("token", said.good().out);
    };
    let finish = ["user", "finish-sign-up", "--token-file", "token"];
    sign();
    // The application's clock and the server's are a day apart.
    place.servers.clock.advance(DAY);
    place.run("ben", &finish).refused(
        1,
        "error: the application's token has expired, or comes from the future\n  ask the application for a new one; if it was new, the clock of the application's server is wrong\n",
    );
    place.servers.clock.set(now());
    place.write("token", "no token");
    let said = place.run("ben", &finish);
    assert_eq!(said.code, 1);
    sign();
    place.run("ben", &finish).good();
    place.run("ben", &finish).refused(
        1,
        "error: somebody is signed in on this machine already\n  use another folder (--home DIR), or run wardseal logout first\n",
    );
    place.run("carla", &[&finish[..], &["--tenant", &tenant]].concat()).refused(
        1,
        "error: no sign-up is waiting for a token\n  begin one: wardseal user sign-up --name NAME\n",
    );
    place.run("anna", &["user", "show", "nobody"]).refused(
        1,
        "error: the application knows nobody by the name \"nobody\"\n  check the spelling; the person may have to sign up first\n",
    );
    // A request that was changed to another name is not signed.
    let request = String::from_utf8(place.read("request")).unwrap();
    place.write("request", request.replace("\"ben\"", "\"anna\""));
    place
        .run("operator", &["tenant", "token", "--dir", "tenant", "request"])
        .refused(
            1,
            "error: the request says \"anna\", and asks for another name\n  do not sign it: somebody wants another person's name\n",
        );
    // Nor one for another tenant.
    place
        .run(
            "operator",
            &["tenant", "create", "--name", "Other", "--dir", "other"],
        )
        .good();
    place.write("request", request);
    let said = place.run(
        "operator",
        &["tenant", "token", "--dir", "other", "request"],
    );
    assert!(said.err.contains("the request is for ten_"), "{said:?}");
}

#[test]
fn clocks_that_are_a_day_apart() {
    for server in [
        Timestamp::from_millis(now().millis() - 2 * DAY),
        now().plus_millis(2 * DAY),
    ] {
        let place = Place::at(server);
        place.found();
        // The application's clock agrees with the server's: only this machine has another.
        let tenant = place.tenant();
        let ask = ["user", "sign-up", "--name", "anna", "--tenant", &tenant];
        let request = place.run("anna", &ask).good().json();
        place.write("token", token(&place, &request, server));
        let finish = ["user", "finish-sign-up", "--token-file", "token"];
        place.run("anna", &finish).good();
        let said = place.run("anna", &["group", "create", "North"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(
            said.err
                .starts_with("error: the clock of this machine and the server's are ")
                && said.err.contains(" days apart: ")
                && said.err.ends_with(
                    "\n  set the clock that is wrong, then try again; nothing was sealed\n"
                ),
            "{}",
            said.err
        );
        let said = place.run("anna", &["doctor"]);
        assert_eq!(said.code, 1);
        assert!(said.out.contains("wrong  clock: "), "{}", said.out);
    }
}

/// What an application with another clock signs.
fn token(place: &Place, request: &serde_json::Value, time: Timestamp) -> String {
    let part = |name: &str| serde_json::from_value(request[name].clone()).unwrap();
    let seed = Secret::try_from_slice(&place.read("tenant/token.key")).unwrap();
    let name = NameRequest {
        user: request["user"].as_str().unwrap().parse().unwrap(),
        commitment: part("commitment"),
        index: part("index"),
    };
    TokenKey::from_seed(&seed)
        .bind(place.tenant().parse().unwrap(), name, time, &mut seeded(1))
        .unwrap()
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let mut place = Place::with(&["anna"]);
    let said = place.run("anna", &["doctor"]).good();
    assert_eq!(said.out.matches("ok     ").count(), 6, "{}", said.out);
    place.servers.stop_vault();
    let said = place.run("anna", &["doctor"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    assert!(
        said.out.contains("wrong  vault: no connection"),
        "{}",
        said.out
    );
    assert!(said.out.contains("ok     key server"), "{}", said.out);
    let said = place.run("anna", &["doctor", "--json"]);
    assert_eq!(said.json()["findings"][3]["code"], "unreachable");
}

#[test]
fn settings_that_are_no_settings() {
    let place = Place::with(&["anna"]);
    place.write("machines/anna/profile.toml", "servr = \"x\"\n");
    let said = place.run("anna", &["group", "list"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("profile.toml is not valid: "),
        "{}",
        said.err
    );
    assert!(said.err.contains("correct it"), "{}", said.err);
}
