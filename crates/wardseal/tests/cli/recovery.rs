//! Ways back in, typed.

use crate::Place;

const PASSWORD: &str = "Drei Igel tanzen 1 Walzer\n";
const OTHER: &str = "Vier Igel tanzen 2 Walzer\n";

#[test]
fn a_printed_code_sets_a_new_password_on_an_empty_machine() {
    let place = Place::with(&["anna"]);
    let tenant = place.tenant();
    let none = place.run("anna", &["recovery", "methods"]).good();
    assert!(none.out.contains("no way back in"), "{}", none.out);
    place
        .run_with("anna", &["password", "set"], PASSWORD)
        .good();
    place.seal("anna", "a.txt", "hello");
    let shown = place.run("anna", &["recovery", "code"]).good().out;
    let code = shown.lines().next().unwrap();
    assert_eq!(code.len(), 42, "{shown}");
    let methods = place.run("anna", &["recovery", "methods"]).good();
    for line in ["password  works", "code  works"] {
        assert!(methods.out.contains(line), "{}", methods.out);
    }

    let recover = ["recovery", "recover", "--name", "anna", "--tenant", &tenant];
    let wrong = if code.starts_with('7') { "8" } else { "7" };
    let mistyped = format!("{wrong}{}\n{OTHER}", code.get(1..).unwrap());
    let said = place.run_with("new", &recover, &mistyped);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("look at group 1"), "{}", said.err);
    let other = format!("0000-0000-0000-0000-0000-0000-0000-0000-00\n{OTHER}");
    let said = place.run_with("new", &recover, &other);
    assert_eq!(said.code, 4, "{}", said.err);

    let device = place
        .run_with("new", &recover, &format!("{code}\n{OTHER}"))
        .good()
        .id("dev_");
    place
        .run("new", &["open", "a.txt.wseal", "-o", "opened"])
        .good();
    assert_eq!(place.read("opened"), b"hello");
    let login = ["login", "--name", "anna", "--tenant", &tenant];
    assert_eq!(place.run_with("third", &login, PASSWORD).code, 4);
    place.run_with("third", &login, OTHER).good();
    let methods = place.run("anna", &["recovery", "methods"]).good();
    assert!(methods.out.contains("recovered by code on 2"));
    let devices = place.run("anna", &["device", "list"]).good();
    assert!(devices.out.contains(&device) && devices.out.contains("recovery code"));
}

#[test]
fn a_share_goes_to_a_file_and_administrators_are_chosen() {
    let place = Place::with(&["anna", "ben"]);
    let mail = [
        "recovery",
        "mail",
        "anna@clinic.example",
        "--share",
        "share.json",
        "--delay",
        "24",
        "--language",
        "fr",
    ];
    let device = place.run("anna", &mail).good().id("dev_");
    let share = String::from_utf8(place.read("share.json")).unwrap();
    assert!(share.contains("\"share\":\"") && share.contains("\"record\":\""));
    // What is there is not written over, and then nothing is set.
    let said = place.run("anna", &mail);
    assert_eq!(said.code, 1, "{}", said.err);
    let methods = place.run("anna", &["recovery", "methods"]).good();
    assert!(
        methods.out.contains(&format!("{device}  mail  works")),
        "{}",
        methods.out
    );

    let create = ["group", "create", "Ward", "--admin", "anna"];
    place.run("ben", &create).good();
    let choose = ["recovery", "organisation", "Ward", "--quorum", "1"];
    let chosen = place.run("anna", &choose).good().id("dev_");
    let two = ["recovery", "organisation", "Ward", "--quorum", "2"];
    let said = place.run("anna", &two);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("too few administrators"), "{}", said.err);
    place.run("anna", &["recovery", "remove", &chosen]).good();
    let said = place.run("anna", &["recovery", "remove", &chosen]);
    assert_eq!(said.code, 1);
    let methods = place.run("anna", &["recovery", "methods"]).good();
    assert!(!methods.out.contains("organisation"), "{}", methods.out);
}
