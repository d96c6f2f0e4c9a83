//! The proxy of the testkit does what it says: other tests rely on it.

use std::time::{Duration, Instant};

use serde_json::json;
use wardseal_testkit::{Fault, HostileProxy};

use crate::{
    raw::{ask, send},
    world::World,
};

const GET: &[u8] = b"GET /v1/server HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a delay is measured by the real time"
)]
fn each_fault_is_what_it_is_called() {
    let mut world = World::new(80);
    let proxy = HostileProxy::before(&world.servers.keys_url());
    let get = || ask(proxy.url(), "GET", "/v1/server", &[], b"");
    assert_eq!(get().json()["protocol"], 1);

    proxy.on("get_server", Fault::Status(500));
    assert_eq!(get().status, 500);
    proxy.once(
        "get_server",
        Fault::answer(|answer| answer["protocol"] = json!(9)),
    );
    proxy.once("get_server", Fault::bytes(|bytes| bytes.truncate(3)));
    assert_eq!(get().json()["protocol"], 9);
    assert_eq!(get().body.len(), 3);
    assert_eq!(get().status, 500);
    proxy.clear();

    for fault in [Fault::Refuse, Fault::Lose, Fault::Cut(10)] {
        proxy.once("get_server", fault);
        assert!(send(proxy.url(), GET).is_none());
    }
    proxy.once("get_server", Fault::Delay(Duration::from_millis(200)));
    let before = Instant::now();
    assert_eq!(get().status, 200);
    assert!(before.elapsed() >= Duration::from_millis(200));

    proxy.once(
        "get_tenant",
        Fault::request(|body| body["log_size"] = json!("x")),
    );
    let body = format!(r#"{{"tenant":"{}","log_size":0}}"#, world.town.tenant);
    let reply = crate::raw::post(proxy.url(), "/v1/tenants/get", body.as_bytes());
    assert_eq!(reply.problem(), "malformed_request");

    // Refused requests and the one with an invented status never reached the server.
    assert_eq!(proxy.seen("get_server"), 9);
    assert_eq!(proxy.answers("get_server").len(), 6);
    world.servers.stop_keys();
    assert!(send(proxy.url(), GET).is_none());
    world.servers.start_keys();
    assert_eq!(get().status, 200);
}
