//! What the key server answers a server of the tenant, and to whom it does not.

use wardseal_api::{
    Problem, ProblemCode as Code,
    keys::{
        ChainRequest, Fetch, FetchForTenant, FetchRequest, Fetched, ListGroups, ListRequest,
        SignIn, SignUp,
    },
};
use wardseal_crypto::{label, sign::Ed25519SigningKey};
use wardseal_protocol::{
    access::{self, Claims},
    binding,
    op::{Op, Rights, Role},
};
use wardseal_testkit::{Town, secret, seeded, token_key};
use wardseal_types::{Base64Url, ChainId, FixedBytes, TenantId, UserId};

use crate::world::World;

/// A token with these claims, signed by the present token key of a town.
fn signed(town: &Town, claims: &Claims) -> String {
    let input = access::signing_input(town.token_id(), claims).unwrap();
    let signature = town.token.sign_unlabelled(input.as_bytes());
    binding::assemble(&input, signature.as_bytes())
}

fn claims(world: &World) -> Claims {
    let now = world.town.now.seconds();
    Claims {
        iss: world.town.tenant,
        aud: world.servers.keys_url(),
        iat: now,
        exp: now + access::MAX_LIFETIME,
        jti: FixedBytes([1; 16]),
        scope: access::SCOPE.into(),
    }
}

fn ask(
    world: &World,
    token: &str,
    tenant: TenantId,
    chains: &[ChainId],
) -> Result<Fetched, Problem> {
    let chains = chains.iter().map(|chain| ChainRequest {
        chain: *chain,
        from: 0,
    });
    let request = FetchRequest {
        tenant,
        chains: chains.collect(),
        log_size: 0,
        children: None,
    };
    world.keys::<FetchForTenant>(Some(token), &request)
}

/// What becomes of a token when one asks for the tenant's chain with it.
fn outcome(world: &World, token: &str) -> Result<usize, Code> {
    let tenant = world.town.tenant;
    match ask(world, token, tenant, &[tenant.into()]) {
        Ok(fetched) => Ok(fetched.chains.len()),
        Err(problem) => Err(problem.code),
    }
}

#[test]
fn a_server_of_the_tenant_reads_users_and_groups_and_neither_boxes_nor_sessions() {
    let mut world = World::new(90);
    let (anna, bearer) = world.person("anna");
    let group = world
        .town
        .creates_group(&anna, &[(anna.member(), Role::Admin)]);
    world.town.append(&group).unwrap();
    let grants = [(anna.member(), Rights::MANAGE)];
    let session = world.town.creates_session(&anna, &grants);
    world.town.append(&session).unwrap();
    let statements = [group.clone(), session.clone()];
    world.append(&bearer, &statements).unwrap();

    let token = signed(&world.town, &claims(&world));
    let nobody = ChainId::User(UserId::from_bytes([9; 32]));
    let (tenant, user) = (ChainId::from(world.town.tenant), ChainId::from(anna.id));
    let wanted = [tenant, user, group.chain(), session.chain(), nobody];
    let fetched = ask(&world, &token, world.town.tenant, &wanted).unwrap();
    let shown: Vec<_> = fetched.chains.iter().map(|slice| slice.chain).collect();
    assert_eq!(shown, [tenant, user, group.chain()]);
    assert!(fetched.chains.iter().all(|slice| slice.boxes.is_empty()));
    assert_eq!(fetched.chains[1].entries.len(), 2);
    assert_eq!(fetched.chains[2].entries[0].statement.0, group.bytes());
    assert_eq!(fetched.chains[2].entries[0].position, 3);

    let many = vec![tenant; 1001];
    let refused = ask(&world, &token, world.town.tenant, &many).unwrap_err();
    assert_eq!(refused.code, Code::MalformedRequest);
}

#[test]
fn who_is_no_server_of_the_tenant_reads_nothing() {
    let mut world = World::new(91);
    let (_, bearer) = world.person("anna");
    let good = claims(&world);
    let token = signed(&world.town, &good);
    assert_eq!(outcome(&world, &token), Ok(1));

    // Nobody, somebody else, and somebody who has changed something.
    let request = FetchRequest {
        tenant: world.town.tenant,
        chains: Vec::new(),
        log_size: 0,
        children: None,
    };
    let refused = world.keys::<FetchForTenant>(None, &request).unwrap_err();
    assert_eq!(refused.code, Code::SignInRequired);
    let stranger = {
        let input = access::signing_input(world.town.token_id(), &good).unwrap();
        let key = Ed25519SigningKey::from_seed(&secret(&mut seeded(1)));
        binding::assemble(&input, key.sign_unlabelled(input.as_bytes()).as_bytes())
    };
    let mut spoiled = token.clone().into_bytes();
    let last = spoiled.len() - 10;
    spoiled[last] = if spoiled[last] == b'A' { b'B' } else { b'A' };
    let spoiled = String::from_utf8(spoiled).unwrap();
    let long = format!("{token}{}", "A".repeat(5000));
    for bad in ["garbage", "a.b.c", &bearer, &stranger, &spoiled, &long] {
        assert_eq!(outcome(&world, bad), Err(Code::AccessRefused), "{bad}");
    }

    // Another purpose, another server, another tenant.
    let spoils: [fn(&mut Claims); 3] = [
        |claims| claims.scope = "chains:write".into(),
        |claims| claims.aud = "https://elsewhere.example".into(),
        |claims| claims.aud = binding::AUDIENCE.into(),
    ];
    for spoil in spoils {
        let mut claims = good.clone();
        spoil(&mut claims);
        let token = signed(&world.town, &claims);
        assert_eq!(
            outcome(&world, &token),
            Err(Code::AccessRefused),
            "{claims:?}"
        );
    }
    let other = Town::logged_by(910, wardseal_testkit::Servers::log_key());
    let foreign = signed(&other, &good);
    assert_eq!(outcome(&world, &foreign), Err(Code::AccessRefused));
    let mut of_other = good.clone();
    of_other.iss = other.tenant;
    let of_other = signed(&other, &of_other);
    assert_eq!(
        outcome(&world, &of_other),
        Err(Code::UnknownTenant),
        "this server does not have it"
    );
    let elsewhere = ask(&world, &token, other.tenant, &[]).unwrap_err();
    assert_eq!(elsewhere.code, Code::NotFound);

    // A token of a tenant that is here too is good for that tenant alone.
    let two = World {
        town: other,
        servers: world.servers,
    };
    two.create_tenant().unwrap();
    let refused = ask(&two, &of_other, good.iss, &[]).unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    assert_eq!(outcome(&two, &of_other), Ok(1));
}

#[test]
fn an_access_token_lives_for_ten_minutes_and_no_longer_than_its_key() {
    let mut world = World::new(92);
    let (anna, _) = world.person("anna");
    let good = claims(&world);
    let token = signed(&world.town, &good);

    let mut long = good.clone();
    long.exp += 1;
    let long = signed(&world.town, &long);
    assert_eq!(outcome(&world, &long), Err(Code::AccessExpired));
    let mut early = good.clone();
    early.iat += 301;
    let early = signed(&world.town, &early);
    assert_eq!(outcome(&world, &early), Err(Code::AccessExpired));
    world.servers.clock.advance(900_000);
    assert_eq!(outcome(&world, &token), Ok(1), "clocks may differ");
    world.servers.clock.advance(1000);
    assert_eq!(outcome(&world, &token), Err(Code::AccessExpired));
    let now = world.town.now.plus_millis(901_000);

    // The key is revoked. (The tenant's statements come through anybody who has signed in.)
    let mut fresh = good;
    fresh.iat = now.seconds();
    fresh.exp = now.seconds() + 600;
    let token = signed(&world.town, &fresh);
    assert_eq!(outcome(&world, &token), Ok(1));
    let new = Ed25519SigningKey::from_seed(&secret(&mut seeded(2)));
    let old = world.town.token_id();
    let bearer = world.sign_in(&anna).unwrap();
    for op in [Op::TenantAddKey(token_key(&new)), Op::TenantRevokeKey(old)] {
        let statement = world.town.tenant_says(op);
        world.town.append(&statement).unwrap();
        world.append(&bearer, &[statement]).unwrap();
    }
    assert_eq!(outcome(&world, &token), Err(Code::AccessRefused));
    world.town.token = new;
    assert_eq!(outcome(&world, &signed(&world.town, &fresh)), Ok(1));
}

#[test]
fn no_token_is_good_for_what_another_is_for() {
    let mut world = World::new(93);
    let (anna, bearer) = world.person("anna");
    let token = signed(&world.town, &claims(&world));

    // A token that binds a name, presented by a server of the tenant.
    let bind = world.town.claims(anna.id, &[1; 32], "anna");
    let bind = world.town.signed(&bind);
    assert_eq!(outcome(&world, &bind), Err(Code::AccessRefused));
    // The claims of each under the type of the other.
    let part = |token: &str, index: usize| token.split('.').nth(index).unwrap().to_owned();
    let crossed = |header: &str, claims: &str| {
        let input = format!("{}.{}", part(header, 0), part(claims, 1));
        let signature = world.town.token.sign_unlabelled(input.as_bytes());
        binding::assemble(&input, signature.as_bytes())
    };
    assert_eq!(
        outcome(&world, &crossed(&token, &bind)),
        Err(Code::AccessRefused)
    );
    let mislabelled = [token.clone(), crossed(&bind, &token)];

    // An access token, presented where a person signs up.
    for token in mislabelled {
        let (person, mut request) = world.newcomer("berta", |_| {});
        let commitment = FixedBytes([1; 32]);
        let genesis = request.append.statements[0].clone();
        let op = Op::Bind(commitment, Base64Url::from(token.into_bytes()));
        let head = world.town.states.head(&person.id.into()).unwrap();
        // In the town the person has a name already; at the server she has none.
        assert_eq!(head.seq, 1);
        let statement = {
            let mut body = world.town.body(person.id.into(), person.author(), op);
            let genesis = wardseal_protocol::statement::Statement::decode(genesis.as_slice());
            body.seq = 1;
            body.previous = Some(genesis.unwrap().hash());
            body.sign(&person.device.sign).unwrap()
        };
        request.append.statements[1] = statement.bytes().into();
        let refused = world.keys::<SignUp>(None, &request).unwrap_err();
        assert!(
            [Code::BindingRefused, Code::StatementRefused].contains(&refused.code),
            "{refused:?}"
        );
    }

    // Each where the other's bearer belongs.
    let list = ListRequest {
        tenant: world.town.tenant,
        after: None,
        limit: 1,
        parent: None,
    };
    let refused = world.keys::<ListGroups>(Some(&token), &list).unwrap_err();
    assert_eq!(refused.code, Code::SignInRequired);
    let request = FetchRequest {
        tenant: world.town.tenant,
        chains: Vec::new(),
        log_size: 0,
        children: None,
    };
    let refused = world.keys::<Fetch>(Some(&token), &request).unwrap_err();
    assert_eq!(refused.code, Code::SignInRequired);
    assert_eq!(outcome(&world, &bearer), Err(Code::AccessRefused));
}

#[test]
fn what_a_device_signs_for_an_application_signs_nobody_in() {
    let mut world = World::new(94);
    let (anna, _) = world.person("anna");
    let challenge = world.challenge(&anna).unwrap();
    let mut answer = world.answer(&anna, &challenge);
    // An application that poses as the key server in every respect.
    let message = binding::sign_in_message(
        &world.servers.keys_url(),
        &world.town.tenant,
        &anna.id,
        &anna.device.id,
        &challenge,
    );
    let key = anna.device.sign.ed25519();
    answer.signature = FixedBytes(*key.sign(label::DEVICE_PROOF, &message).as_bytes());
    let refused = world.keys::<SignIn>(None, &answer).unwrap_err();
    assert_eq!(refused.code, Code::SignInRefused);
    let answer = world.answer(&anna, &challenge);
    world.keys::<SignIn>(None, &answer).unwrap();
}
