//! What a tenant makes is what everybody else accepts, and nothing more.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test"
)]

use wardseal_protocol::{
    Refusal, access,
    binding::{self, TokenError},
    fold, recovery,
    state::{ChainState, NOW, States, TenantState},
};
use wardseal_tenant::{
    ACCESS_LIFETIME, Assigned, EscrowSecret, GroupNameRequest, NameRequest, RecoveryRequest,
    RootKey, TOKEN_LIFETIME, TenantError, TokenKey, add_key, found, found_with, revoke_key,
};
use wardseal_testkit::seeded;
use wardseal_types::{Base64Url, BoxedBytes, FixedBytes, GroupId, TenantId, Timestamp, UserId};

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Tenant {
    root: RootKey,
    token: TokenKey,
    state: TenantState,
}

fn tenant(seed: u64) -> Tenant {
    let mut rng = seeded(seed);
    let root = RootKey::generate(&mut rng).unwrap();
    let token = TokenKey::generate(&mut rng).unwrap();
    let log = RootKey::generate(&mut rng).unwrap();
    let wardseal_protocol::keys::TenantKey::Root(log_key) = log.public().clone() else {
        panic!("a root key is hybrid");
    };
    let (id, statement) = found(&root, &token, log_key, START, &mut rng).unwrap();
    let ChainState::Tenant(state) = fold::apply(None, &statement, 0, &States::default()).unwrap()
    else {
        panic!("the genesis of a tenant makes a tenant");
    };
    assert_eq!(state.id, id);
    Tenant { root, token, state }
}

fn request(tenant: &TenantId, name: &str) -> NameRequest {
    NameRequest {
        user: UserId::from_bytes([7; 32]),
        commitment: binding::commit(tenant, &[1; 32], name),
        index: binding::index(tenant, name),
    }
}

#[test]
fn a_name_is_bound_to_a_group_and_moved_to_a_new_identity() {
    let Tenant { token, state, .. } = tenant(1);
    let group = GroupId::from_bytes([8; 32]);
    let (commitment, index) = (
        binding::commit(&state.id, &[1; 32], "finess:750000001"),
        binding::index(&state.id, "finess:750000001"),
    );
    let request = GroupNameRequest {
        group,
        commitment,
        index,
    };
    assert!(request.is_for(&state.id, "finess:750000001"));
    assert!(!request.is_for(&state.id, "finess:750000002"));
    let mut rng = seeded(3);
    let text = token
        .bind_group(state.id, request, START, &mut rng)
        .unwrap();
    let bytes = Base64Url::from(text.into_bytes());
    let claims = binding::verify(&state, group.into(), &commitment, &bytes, 1).unwrap();
    assert_eq!((claims.idx, claims.old), (index, None));
    let user = UserId::from_bytes([8; 32]);
    assert_eq!(
        binding::verify(&state, user.into(), &commitment, &bytes, 1),
        Err(TokenError::WrongSubject),
        "a group is no user"
    );

    let old = UserId::from_bytes([9; 32]);
    let request = self::request(&state.id, "doctor-4711");
    let text = token
        .rebind(state.id, request, old, START, &mut rng)
        .unwrap();
    let bytes = Base64Url::from(text.into_bytes());
    let claims =
        binding::verify(&state, request.user.into(), &request.commitment, &bytes, 1).unwrap();
    assert_eq!(claims.old, Some(old));
}

#[test]
fn a_recovery_token_is_for_one_client_one_vault_and_ten_minutes() {
    let Tenant { token, state, .. } = tenant(1);
    let request = RecoveryRequest {
        user: UserId::from_bytes([7; 32]),
        record: FixedBytes([5; 32]),
        client_key: b"a client's key",
    };
    let vault = "https://vault.example";
    let text = token
        .recovery(state.id, vault, &request, START, &mut seeded(3))
        .unwrap();
    let verify = |audience: &str, key: &[u8], after: u64| {
        let now = START.plus_millis(after * 1000);
        recovery::verify(&state, &text, audience, key, 1, now, 0)
    };
    let claims = verify(vault, request.client_key, recovery::MAX_LIFETIME).unwrap();
    assert_eq!((claims.sub, claims.rec), (request.user, request.record));
    assert_eq!(
        verify(vault, request.client_key, recovery::MAX_LIFETIME + 1),
        Err(TokenError::Expired)
    );
    for (audience, key) in [
        ("https://elsewhere.example", request.client_key),
        (vault, b"another's key".as_slice()),
    ] {
        assert_eq!(verify(audience, key, 0), Err(TokenError::WrongSubject));
    }
    let again = token.recovery(state.id, vault, &request, START, &mut seeded(4));
    assert_ne!(again.unwrap(), text, "each has a number of its own");
}

#[test]
fn a_token_binds_a_name_and_expires() {
    let Tenant { token, state, .. } = tenant(1);
    let request = request(&state.id, "doctor-4711");
    assert!(request.is_for(&state.id, "doctor-4711"));
    assert!(!request.is_for(&state.id, "doctor-4712"));
    let text = token
        .bind(state.id, request, START, &mut seeded(2))
        .unwrap();
    let claims = binding::read(&state, &text, NOW).unwrap();
    assert_eq!(
        (claims.sub, claims.cmt),
        (request.user.into(), request.commitment)
    );
    assert_eq!(binding::check_time(&claims, START, 0), Ok(()));
    let late = START.plus_millis((TOKEN_LIFETIME + 1) * 1000);
    assert_eq!(
        binding::check_time(&claims, late, 0),
        Err(TokenError::Expired)
    );
    let early = Timestamp::from_seconds(START.seconds() - 86_400);
    assert_eq!(
        binding::check_time(&claims, early, 300),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn a_token_of_another_tenant_binds_nothing() {
    let ours = tenant(1);
    let theirs = tenant(2);
    let request = request(&ours.state.id, "doctor-4711");
    let text = theirs
        .token
        .bind(ours.state.id, request, START, &mut seeded(3))
        .unwrap();
    assert_eq!(
        binding::read(&ours.state, &text, NOW),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_revoked_token_key_signs_nothing_more_and_the_root_key_stays() {
    let Tenant { root, token, state } = tenant(1);
    let replacement = TokenKey::generate(&mut seeded(9)).unwrap();
    let mut world = States::default();
    world.insert(ChainState::Tenant(state.clone()));
    let added = add_key(&state, &root, replacement.public(), START).unwrap();
    let after = fold::apply(world.chain(&state.id.into()).as_ref(), &added, 5, &world).unwrap();
    world.insert(after);
    let ChainState::Tenant(state) = world.chain(&state.id.into()).unwrap() else {
        panic!("still a tenant");
    };
    let revoked = revoke_key(&state, &root, token.id(), START).unwrap();
    let after = fold::apply(world.chain(&state.id.into()).as_ref(), &revoked, 6, &world).unwrap();
    let ChainState::Tenant(state) = after else {
        panic!("still a tenant");
    };
    let request = request(&state.id, "doctor-4711");
    let old = token
        .bind(state.id, request, START, &mut seeded(3))
        .unwrap();
    assert_eq!(
        binding::read(&state, &old, NOW),
        Err(TokenError::UnknownKey)
    );
    assert!(
        binding::read(&state, &old, 6).is_ok(),
        "what was bound before stays bound"
    );
    let new = replacement
        .bind(state.id, request, START, &mut seeded(4))
        .unwrap();
    assert!(binding::read(&state, &new, NOW).is_ok());
    assert_eq!(
        revoke_key(&state, &root, root.id(), START).unwrap_err(),
        TenantError::Refused(Refusal::BadTenantKeys)
    );
    assert_eq!(
        add_key(&state, &root, token.public(), START).unwrap_err(),
        TenantError::Refused(Refusal::BadTenantKeys),
        "a revoked key does not come back"
    );
}

#[test]
fn a_log_key_that_is_no_key_is_refused_before_anything_is_sent() {
    let mut rng = seeded(5);
    let root = RootKey::generate(&mut rng).unwrap();
    let token = TokenKey::generate(&mut rng).unwrap();
    let refused = found(&root, &token, BoxedBytes::from([0; 1984]), START, &mut rng);
    assert_eq!(refused.unwrap_err(), TenantError::Refused(Refusal::BadKey));
}

#[test]
fn keys_survive_being_kept() {
    let Tenant { root, token, .. } = tenant(1);
    let (ed25519, ml_dsa) = root.to_seeds();
    assert_eq!(
        RootKey::from_seeds(&ed25519, &ml_dsa).unwrap().id(),
        root.id()
    );
    assert_eq!(TokenKey::from_seed(&token.seed()).id(), token.id());
}

#[test]
fn an_access_token_is_for_one_server_and_for_nothing_else() {
    const SERVER: &str = "https://keys.example";
    let Tenant { token, state, .. } = tenant(1);
    let text = token
        .access(state.id, SERVER, START, &mut seeded(2))
        .unwrap();
    let judge = |audience: &str, now: Timestamp| {
        access::verify(&state, &text, audience, NOW, now, 0).map(|claims| claims.iss)
    };
    assert_eq!(access::claimed_tenant(&text), Ok(state.id));
    assert_eq!(judge(SERVER, START), Ok(state.id));
    assert_eq!(
        judge("https://keys.example.evil", START),
        Err(TokenError::WrongSubject)
    );
    let end = START.plus_millis(ACCESS_LIFETIME * 1000);
    assert_eq!(judge(SERVER, end), Ok(state.id));
    assert_eq!(
        judge(SERVER, end.plus_millis(1000)),
        Err(TokenError::Expired)
    );
    let early = Timestamp::from_seconds(START.seconds() - 1);
    assert_eq!(judge(SERVER, early), Err(TokenError::NotYetValid));
    assert_eq!(
        binding::read(&state, &text, NOW),
        Err(TokenError::Malformed),
        "it binds no name"
    );
    let named = token
        .bind(state.id, request(&state.id, "anna"), START, &mut seeded(3))
        .unwrap();
    assert_eq!(
        access::verify(&state, &named, binding::AUDIENCE, NOW, START, 0),
        Err(TokenError::Malformed),
        "a name gives no access"
    );
    let theirs = tenant(2);
    assert_eq!(
        access::verify(&theirs.state, &text, SERVER, NOW, START, 0),
        Err(TokenError::UnknownKey)
    );
    let again = token
        .access(state.id, SERVER, START, &mut seeded(4))
        .unwrap();
    assert_ne!(text, again, "each has a nonce");
}

#[test]
fn a_tenant_is_founded_with_an_escrow_key() {
    let mut rng = seeded(40);
    let root = RootKey::generate(&mut rng).unwrap();
    let token = TokenKey::generate(&mut rng).unwrap();
    let log = RootKey::generate(&mut rng).unwrap();
    let wardseal_protocol::keys::TenantKey::Root(log_key) = log.public().clone() else {
        panic!("a root key is hybrid");
    };
    let escrow = EscrowSecret::generate(Assigned::Refused, &mut rng).unwrap();
    let (_, statement) =
        found_with(&root, &token, Some(&escrow), log_key, START, &mut rng).unwrap();
    let state = fold::apply(None, &statement, 0, &States::default()).unwrap();
    let ChainState::Tenant(state) = state else {
        panic!("the genesis of a tenant makes a tenant");
    };
    assert_eq!(state.escrow().unwrap().0, escrow.id());
}
