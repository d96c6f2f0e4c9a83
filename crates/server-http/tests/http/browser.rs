//! Pages of other origins.

use crate::{raw::ask, world::World};

const PATH: &str = "/v1/groups/list";

#[test]
fn a_page_of_this_machine_may_call() {
    let world = World::new(20);
    let server = world.servers.keys_url();
    let page = "http://localhost:5173";
    let preflight = ask(
        &server,
        "OPTIONS",
        PATH,
        &[
            ("Origin", page),
            ("Access-Control-Request-Method", "POST"),
            (
                "Access-Control-Request-Headers",
                "authorization,content-type",
            ),
        ],
        b"",
    );
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), Some(page));
    let allowed = preflight.header("access-control-allow-headers").unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"));
    assert!(
        preflight
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    // Cookies are not used, so nobody may send them.
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
    // A page must be able to read problems, and how long to wait.
    let reply = ask(&server, "POST", PATH, &[("Origin", page)], b"");
    assert_eq!(reply.problem(), "sign_in_required");
    assert_eq!(reply.header("access-control-allow-origin"), Some(page));
    assert!(
        reply
            .header("access-control-expose-headers")
            .unwrap()
            .contains("retry-after")
    );
}

#[test]
fn other_pages_may_not() {
    let world = World::new(21);
    let server = world.servers.keys_url();
    for page in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        let asked = [("Origin", page), ("Access-Control-Request-Method", "POST")];
        let preflight = ask(&server, "OPTIONS", PATH, &asked, b"");
        assert_eq!(
            preflight.header("access-control-allow-origin"),
            None,
            "{page}"
        );
        let reply = ask(&server, "GET", "/v1/server", &[("Origin", page)], b"");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{page}");
    }
}
