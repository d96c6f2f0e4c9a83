//! What holds for every request, whatever it asks for.

use wardseal_types::limits;

use crate::{
    raw::{Reply, ask, post, send},
    world::World,
};

const PATH: &str = "/v1/tenants/get";

fn keys(world: &World, body: &[u8]) -> Reply {
    post(&world.servers.keys_url(), PATH, body)
}

#[test]
fn only_json_is_read() {
    let world = World::new(1);
    let server = world.servers.keys_url();
    let body = format!(r#"{{"tenant":"{}","log_size":0}}"#, world.town.tenant);
    for good in ["application/json", "Application/JSON; charset=utf-8"] {
        let reply = ask(
            &server,
            "POST",
            PATH,
            &[("Content-Type", good)],
            body.as_bytes(),
        );
        assert_eq!(reply.status, 200, "{good}");
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        let reply = ask(
            &server,
            "POST",
            PATH,
            &[("Content-Type", bad)],
            body.as_bytes(),
        );
        assert_eq!(
            (reply.status, &*reply.problem()),
            (400, "malformed_request"),
            "{bad}"
        );
    }
    let reply = ask(&server, "POST", PATH, &[], body.as_bytes());
    assert_eq!(reply.problem(), "malformed_request");
}

#[test]
fn a_body_means_exactly_one_thing() {
    let world = World::new(2);
    let tenant = world.town.tenant;
    let upper = tenant.to_string().to_uppercase();
    for bad in [
        String::new(),
        "{".into(),
        "[]".into(),
        "null".into(),
        "{}".into(),
        format!(r#"{{"tenant":"{tenant}"}}"#),
        format!(r#"{{"tenant":"{tenant}","log_size":0,"more":1}}"#),
        format!(r#"{{"tenant":"{tenant}","log_size":0,"log_size":0}}"#),
        format!(r#"{{"tenant":"{tenant}","log_size":-1}}"#),
        format!(r#"{{"tenant":"{tenant}","log_size":"0"}}"#),
        format!(r#"{{"tenant":"{upper}","log_size":0}}"#),
        format!(
            r#"{{"tenant":"usr{}","log_size":0}}"#,
            &tenant.to_string()[3..]
        ),
        format!(r#"{{"tenant":"{tenant}","log_size":0}} x"#),
        "[".repeat(100_000),
    ] {
        let reply = keys(&world, bad.as_bytes());
        let start: String = bad.chars().take(60).collect();
        assert_eq!(
            (reply.status, &*reply.problem()),
            (400, "malformed_request"),
            "{start}"
        );
    }
    let reply = keys(&world, &[b'"', 0xff, b'"']);
    assert_eq!(reply.problem(), "malformed_request");
}

#[test]
fn large_bodies_are_refused_whether_they_say_so_or_not() {
    let world = World::new(3);
    let server = world.servers.keys_url();
    let large = vec![b' '; limits::MAX_BODY + 1];
    let reply = keys(&world, &large);
    assert_eq!(
        (reply.status, &*reply.problem()),
        (413, "request_too_large")
    );
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        large.len()
    );
    let chunked = [head.as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    // The server closes while we still send, and then the answer may not arrive at all.
    if let Some(reply) = send(&server, &chunked) {
        assert_eq!(reply.problem(), "request_too_large");
    }
    // What is not too large is read to its end, and only then found to be nothing.
    let reply = keys(&world, &large[..limits::MAX_BODY]);
    assert_eq!(reply.problem(), "malformed_request");
}

#[test]
fn an_address_that_is_nowhere_says_where_it_would_be() {
    let world = World::new(4);
    let (keys, vault) = (world.servers.keys_url(), world.servers.vault_url());
    let detail = |server: &str, method: &str, path: &str| {
        let reply = ask(server, method, path, &[], b"");
        assert_eq!((reply.status, &*reply.problem()), (404, "no_such_route"));
        reply.json()["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail(&keys, "GET", "/v1/vault/server").contains("this process is a key server"));
    assert!(detail(&vault, "GET", "/v1/server").contains("this process is a vault"));
    assert!(detail(&keys, "GET", "/v1/sign-in").contains("POST"));
    assert!(detail(&keys, "POST", "/v1/server").contains("GET"));
    assert!(detail(&keys, "GET", "/v1/../etc/passwd").contains("OpenAPI"));
    assert!(detail(&keys, "DELETE", "/").contains("OpenAPI"));
}

#[test]
fn a_token_is_asked_for_before_anything_is_read() {
    let mut world = World::new(5);
    let (_, token) = world.person("anna");
    let server = world.servers.keys_url();
    let path = "/v1/groups/list";
    let body = format!(
        r#"{{"tenant":"{}","after":null,"limit":1}}"#,
        world.town.tenant
    );
    let json = ("Content-Type", "application/json");
    let with = |values: &[&str]| {
        let mut headers = vec![json];
        headers.extend(values.iter().map(|value| ("Authorization", *value)));
        ask(&server, "POST", path, &headers, body.as_bytes())
    };
    let good = format!("Bearer {token}");
    assert_eq!(with(&[&good]).status, 200);
    assert_eq!(with(&[&good.replace("Bearer", "bearer")]).status, 200);
    let mut swapped = token.clone().into_bytes();
    swapped[20] = if swapped[20] == b'A' { b'B' } else { b'A' };
    let swapped = format!("Bearer {}", String::from_utf8(swapped).unwrap());
    for bad in [
        &[][..],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["Basic YTpi"],
        &[&token],
        &["Bearer garbage"],
        &[&good, &good],
        &[&format!("{good}x")],
        &[&good[..good.len() - 1]],
        &[&swapped],
    ] {
        let reply = with(bad);
        assert_eq!(
            (reply.status, &*reply.problem()),
            (401, "sign_in_required"),
            "{bad:?}"
        );
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    let reply = post(&server, path, b"nothing");
    assert_eq!(reply.problem(), "sign_in_required");
    world.servers.clock.advance(60 * 60 * 1000);
    let reply = with(&[&good]);
    assert_eq!((reply.status, &*reply.problem()), (401, "token_expired"));
}

#[test]
fn every_answer_is_named_and_nowhere_kept() {
    let world = World::new(6);
    let server = world.servers.keys_url();
    let ask = |path| ask(&server, "GET", path, &[], b"");
    let (one, two) = (ask("/v1/server"), ask("/nowhere"));
    for reply in [&one, &two] {
        assert_eq!(reply.header("x-request-id").unwrap().len(), 16);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert!(
            reply
                .header("content-security-policy")
                .unwrap()
                .contains("default-src 'none'")
        );
    }
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[test]
fn a_server_says_whether_it_lives() {
    let world = World::new(7);
    for server in [world.servers.keys_url(), world.servers.vault_url()] {
        for path in ["/healthz", "/readyz"] {
            let reply = ask(&server, "GET", path, &[], b"");
            assert_eq!(reply.status, 200);
            assert!(reply.json()["status"].is_string());
        }
    }
}

#[test]
fn a_request_that_stops_half_way_does_nothing() {
    let world = World::new(8);
    let server = world.servers.keys_url();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n{{\"tenant\":"
    );
    let stream = std::net::TcpStream::connect(server.strip_prefix("http://").unwrap()).unwrap();
    std::io::Write::write_all(&mut &stream, head.as_bytes()).unwrap();
    drop(stream);
    assert_eq!(ask(&server, "GET", "/healthz", &[], b"").status, 200);
}
