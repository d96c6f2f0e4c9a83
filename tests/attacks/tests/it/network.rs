//! Answers that are none, requests that come twice, and strangers with valid tokens.

use std::time::Duration;

use wardseal_attacks::{Disk, Somebody, World};
use wardseal_client::{
    Client, TransportError,
    api::{
        Endpoint as _, Problem, ProblemCode,
        keys::{
            Append, ChainRequest, Fetch, FetchRequest, GetChallenge, ListRequest, ListSessions,
            Lookup, SignIn, SignUp,
        },
    },
    exchange::{self, HttpResponse},
};
use wardseal_client_http::{HttpTransport, Limits, ServerAddress};
use wardseal_testkit::{Fault, HostileProxy, seeded};

#[tokio::test]
async fn whatever_comes_instead_of_an_answer_changes_nothing() {
    let world = World::new(50).await;
    let ada = world.somebody("ada").await;
    let group = ada.group(&[]).await;
    let status = |status, body: &[u8]| {
        let body = body.to_vec();
        move || {
            Ok(HttpResponse {
                status,
                body: body.clone(),
            })
        }
    };
    let bodies: [&[u8]; 9] = [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"<html>not today</html>",
        b"{\"chains\":[],\"log\":{}}",
        b"{\"type\":\"about:blank\",\"title\":\"x\",\"status\":200,\"code\":\"internal\"}",
        b"\xff\xfe",
        b"{\"chains\":[],\"log\":{\"checkpoint\":\"\",\"consistency\":[]},\"more\":1}",
    ];
    for body in bodies {
        for code in [200, 204, 302, 404, 500, 503] {
            ada.network.raw::<Fetch>(status(code, body));
            ada.refuses("bad_answer", ada.client.group(group)).await;
        }
    }
    // Nothing is in it, and it is well formed: but no checkpoint.
    ada.network.raw::<Fetch>(status(
        200,
        b"{\"chains\":[],\"log\":{\"checkpoint\":\"\",\"consistency\":[]}}",
    ));
    ada.refuses("bad_log", ada.client.group(group)).await;
    let nested = "[".repeat(100_000);
    ada.network.raw::<Fetch>(status(200, nested.as_bytes()));
    ada.refuses("bad_answer", ada.client.group(group)).await;
    // A problem is told with the server's words, and with nothing else.
    let problem = Problem::new(ProblemCode::Internal);
    let body = serde_json::to_vec(&problem).unwrap();
    ada.network.raw::<Fetch>(status(500, &body));
    ada.refuses("internal", ada.client.group(group)).await;
    ada.network.raw::<Append>(status(500, &body));
    ada.refuses("internal", ada.client.create_group("x", &[]))
        .await;
    ada.network.honest();
    assert!(ada.client.group(group).await.is_ok());
}

/// A server that claims to need a new sign-in for ever is asked twice, and not for ever.
#[tokio::test]
async fn a_server_that_is_never_satisfied_is_left_alone() {
    let world = World::new(51).await;
    let ada = world.somebody("ada").await;
    let group = ada.group(&[]).await;
    for code in [ProblemCode::TokenExpired, ProblemCode::StaleStatement] {
        let body = serde_json::to_vec(&Problem::new(code)).unwrap();
        let answer = move || {
            Ok(HttpResponse {
                status: code.status(),
                body: body.clone(),
            })
        };
        ada.network.forget();
        if code == ProblemCode::TokenExpired {
            ada.network.raw::<Fetch>(answer);
            ada.refuses("token_expired", ada.client.group(group)).await;
            assert!(ada.network.asked::<SignIn>().len() <= 3);
        } else {
            ada.network.raw::<Append>(answer);
            let error = ada.client.rename_group(group, "x").await.unwrap_err();
            assert_eq!(error.code(), "stale_statement");
            assert!(ada.network.asked::<Append>().len() < 12);
        }
        ada.network.honest();
    }
}

/// The network as it is: slow, cut off, refused, too much.
#[tokio::test]
async fn a_connection_that_fails_in_any_way_is_an_error_in_words() {
    let world = World::new(52).await;
    let proxy = HostileProxy::before(&world.servers.keys_url());
    let address: ServerAddress = proxy.url().parse().unwrap();
    let limits = Limits {
        connect: Duration::from_millis(500),
        total: Duration::from_millis(500),
        answer: 100_000,
    };
    let transport = HttpTransport::with_limits(Some(address), None, limits).unwrap();
    let ada = world.somebody("ada").await;
    let group = ada.group(&[]).await;
    let client = Client::open(
        ada.config.clone(),
        transport,
        ada.disk.clone(),
        Disk::key(),
        std::sync::Arc::clone(&ada.clock),
        Box::new(seeded(1)),
    )
    .await
    .unwrap();
    client.group(group).await.unwrap();
    let before = ada.disk.contents();
    for (fault, code) in [
        (Fault::Refuse, "interrupted"),
        (Fault::Lose, "interrupted"),
        (Fault::Cut(0), "interrupted"),
        (Fault::Cut(40), "interrupted"),
        (Fault::Delay(Duration::from_millis(1500)), "timeout"),
        (Fault::Status(500), "bad_answer"),
        (Fault::Status(200), "bad_answer"),
        (
            Fault::bytes(|body| body.resize(200_000, b' ')),
            "answer_too_large",
        ),
        (Fault::bytes(Vec::clear), "bad_answer"),
    ] {
        proxy.on("fetch", fault);
        let error = client.group(group).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(ada.disk.contents(), before);
    }
    proxy.clear();
    client.group(group).await.unwrap();
}

/// The server does it, and the answer gets lost. What the client does next must neither fail for
/// ever nor happen twice.
#[tokio::test]
async fn an_answer_that_gets_lost_is_made_up_for() {
    let world = World::new(53).await;
    let ada = world.machine("ada").await;
    let lost = |_| {
        Err(TransportError::Interrupted {
            server: String::new(),
        })
    };
    ada.network.spoil::<SignUp>(lost);
    let attempt = world.sign_up(&ada, "ada").await;
    assert_eq!(attempt.unwrap_err().code(), "interrupted");
    let waiting = ada.disk.contents();
    assert!(waiting.contains_key("pending"));
    ada.network.honest();
    world.wait(1000);
    world
        .sign_up(&ada, "ada")
        .await
        .expect("a sign-up goes on where it was");

    let bob = world.somebody("bob").await.member().await;
    let group = ada.group(&[]).await;
    let role = wardseal_client::Role::Member;
    let full = wardseal_client::Visibility::Full;
    for _ in 0..2 {
        ada.network.spoil::<Append>(lost);
        let attempt = ada.client.add_member(group, bob, role, full).await;
        assert_eq!(attempt.err().map(|error| error.code()), Some("interrupted"));
        ada.network.honest();
        ada.client.add_member(group, bob, role, full).await.unwrap();
        assert_eq!(ada.client.group(group).await.unwrap().members.len(), 2);
        ada.network.spoil::<Append>(lost);
        let attempt = ada.client.remove_members(group, &[bob]).await;
        assert_eq!(attempt.unwrap_err().code(), "interrupted");
        ada.network.honest();
        let before = world.log().len();
        ada.client.remove_members(group, &[bob]).await.unwrap();
        assert_eq!(ada.client.group(group).await.unwrap().members.len(), 1);
        assert_eq!(world.log().len(), before, "nothing was left to do");
    }
    world.ledger.check();
}

/// An answer to a sign-up that is not true to what was asked: nothing of it is kept, and the sign-up
/// goes on where it was.
#[tokio::test]
async fn a_sign_up_with_a_false_answer_stays_pending() {
    let world = World::new(56).await;
    let mut ada = world.machine("ada").await;
    ada.network
        .change::<SignUp>(|_, answer| answer.entries.truncate(1));
    let error = world.sign_up(&ada, "ada").await.unwrap_err();
    assert_eq!(error.code(), "bad_answer");
    let kept = ada.disk.contents();
    assert!(kept.contains_key("pending") && !kept.contains_key("identity"));
    ada.network.honest();
    ada.restart().await.unwrap();
    assert_eq!(ada.client.profile().await, None);
    let user = world.sign_up(&ada, "ada").await.unwrap();
    assert_eq!(ada.user().await, user);
    assert!(!ada.disk.contents().contains_key("pending"));
    world.ledger.check();
}

/// Everything that a client ever sent, again, from somewhere else.
#[tokio::test]
async fn requests_that_come_again_change_nothing() {
    let world = World::new(54).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let group = ada.group(&[bob.member().await]).await;
    let session = ada.session(&[bob.member().await]).await;
    ada.client
        .revoke(session, &[bob.member().await])
        .await
        .unwrap();
    ada.client
        .remove_members(group, &[bob.member().await])
        .await
        .unwrap();
    let size = ada.client.tenant().await.unwrap().log_size;
    let seen: Vec<_> = ada
        .network
        .seen()
        .into_iter()
        .chain(bob.network.seen())
        .collect();
    assert!(seen.len() > 10);
    for _ in 0..2 {
        for exchange in &seen {
            ada.network.again(exchange.request.clone()).await.unwrap();
        }
    }
    assert_eq!(ada.client.tenant().await.unwrap().log_size, size);
    assert_eq!(ada.client.group(group).await.unwrap().members.len(), 1);
    // Two minutes later even the sign-ins are worth nothing.
    world.wait(121_000);
    for exchange in seen.iter().filter(|one| one.request.path == SignIn::PATH) {
        let answer = ada.network.again(exchange.request.clone()).await.unwrap();
        assert_eq!(answer.status, 401);
    }
    // And a quarter of an hour later the tokens.
    world.wait(15 * 60_000);
    for exchange in seen.iter().filter(|one| one.request.path == Fetch::PATH) {
        let answer = ada.network.again(exchange.request.clone()).await.unwrap();
        assert_eq!(answer.status, 401);
    }
}

async fn token(somebody: &Somebody) -> String {
    somebody.client.devices().await.unwrap();
    somebody.network.answers::<SignIn>().pop().unwrap().token
}

/// Valid tokens, of people who have no right to what they ask.
#[tokio::test]
async fn a_stranger_gets_nothing_with_a_token_of_his_own() {
    let world = World::new(55).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let mallory = world.somebody("mallory").await;
    let session = ada.session(&[bob.member().await]).await;
    let other = world.found(77).await;

    let fetch = |tenant| FetchRequest {
        tenant,
        chains: vec![ChainRequest {
            chain: session.into(),
            from: 0,
        }],
        log_size: 0,
        children: None,
    };
    let ask = |tenant, token: String| {
        let request = exchange::request::<Fetch>(&fetch(tenant), Some(token));
        let network = mallory.network.clone();
        async move {
            let answer = network.again(request).await.unwrap();
            (answer.status, exchange::response::<Fetch>(&answer))
        }
    };
    let (_, answer) = ask(world.tenant, token(&bob).await).await;
    assert_eq!(answer.unwrap().chains.len(), 1);
    let (_, answer) = ask(world.tenant, token(&mallory).await).await;
    assert_eq!(
        answer.unwrap().chains.len(),
        0,
        "neither statements nor boxes"
    );
    // In another tenant a token is none.
    let (status, answer) = ask(other, token(&bob).await).await;
    assert!(status != 200 && answer.is_err(), "{answer:?}");
    let request = exchange::request::<ListSessions>(
        &ListRequest {
            tenant: other,
            after: None,
            limit: 10,
            parent: None,
        },
        Some(token(&bob).await),
    );
    assert_ne!(bob.network.again(request).await.unwrap().status, 200);
    // A token with any character changed, of no one, and a challenge for a token.
    let good = token(&bob).await;
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        let (status, _) = ask(world.tenant, String::from_utf8(bad).unwrap()).await;
        assert_eq!(status, 401, "character {at}");
    }
    let challenge = bob
        .network
        .answers::<GetChallenge>()
        .pop()
        .unwrap()
        .challenge;
    for none in ["", "null", &challenge.to_text()] {
        assert_eq!(ask(world.tenant, none.to_owned()).await.0, 401);
    }
    // Bob's boxes do not come to Ada's answers, and the other way round: each gets his own.
    let of = |somebody: &Somebody| {
        let answers = somebody.network.answers::<Fetch>();
        answers
            .into_iter()
            .flat_map(|answer| answer.chains)
            .flat_map(|slice| slice.boxes)
            .collect::<Vec<_>>()
    };
    bob.client.session(session).await.unwrap();
    ada.client.session(session).await.unwrap();
    for sealed in of(&bob) {
        let sealed = wardseal_protocol::ring::SealedBox::decode(sealed.as_slice()).unwrap();
        assert_ne!(sealed.member, ada.member().await);
    }
    // Names are found by those who are signed in only.
    let request = exchange::request::<Lookup>(
        &wardseal_client::api::keys::LookupRequest {
            tenant: world.tenant,
            names: vec![wardseal_protocol::binding::index(&world.tenant, "ada")],
        },
        None,
    );
    assert_eq!(mallory.network.again(request).await.unwrap().status, 401);
}
