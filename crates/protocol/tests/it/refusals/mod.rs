//! Every reason for which a statement is refused, produced once; and the rules behind them.

mod epochs;
mod places;
mod recovery;
mod rings;

use std::collections::BTreeSet;

use wardseal_protocol::{
    Refusal, fold,
    keys::{DeviceKind, TenantKey},
    op::{
        Cause, Entry, Grant, Membership, Method, Op, Removal, Rights, Role, Rotation, VaultRecord,
    },
    state::{NOW, States, World as _},
    statement::{Author, Seen, Statement},
};
use wardseal_testkit::{Device, Person, Town, root_key};
use wardseal_types::{
    Base64Url, BoxedBytes, ChainId, FixedBytes, GroupId, MemberId, SessionId, UserId, limits,
};

/// Alice, who administers; Bob, who is a member; Carol, who is outside.
pub(crate) struct Cast {
    pub(crate) town: Town,
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) carol: Person,
    pub(crate) group: GroupId,
    pub(crate) session: SessionId,
}

pub(crate) fn cast() -> Cast {
    let mut town = Town::new(1);
    let (alice, bob, carol) = (town.person(), town.person(), town.person());
    let members = [(alice.member(), Role::Admin), (bob.member(), Role::Member)];
    let group = town.group(&alice, &members).expect("a group");
    let grants = [
        (alice.member(), Rights::MANAGE),
        (bob.member(), Rights::READ),
    ];
    let session = town.session(&alice, &grants).expect("a session");
    Cast {
        town,
        alice,
        bob,
        carol,
        group,
        session,
    }
}

/// The town without one chain, as a client that has not fetched it sees it.
pub(crate) fn without(town: &Town, chain: impl Into<ChainId>) -> States {
    let mut states = town.states.clone();
    states.remove(&chain.into());
    states
}

pub(crate) fn fold_in(town: &Town, states: &States, statement: &Statement) -> Result<(), Refusal> {
    let previous = town.states.chain(&statement.chain());
    fold::apply(previous.as_ref(), statement, town.next_position(), states).map(|_| ())
}

/// A spoiled epoch in a removal of Bob by Alice, judged.
fn spoiled(spoil: impl FnOnce(&mut Town, &mut Removal)) -> Result<(), Refusal> {
    let mut cast = cast();
    let Op::Remove(mut removal) = cast.town.op_remove(cast.group, &[cast.bob.member()]) else {
        panic!("not a removal");
    };
    spoil(&mut cast.town, &mut removal);
    let statement = cast.town.says(&cast.alice, cast.group, Op::Remove(removal));
    cast.town.judge(&statement).map(|_| ())
}

fn vault() -> VaultRecord {
    VaultRecord {
        record: FixedBytes([1; 32]),
        vault_key: FixedBytes([2; 32]),
        oprf_key: FixedBytes([3; 32]),
    }
}

pub(crate) fn recovery(
    town: &mut Town,
    person: &Person,
    device: &Device,
    replaces: Option<&Device>,
) -> Op {
    town.op_set_recovery(person, device, Method::Password(vault()), replaces)
}

#[test]
fn every_refusal_happens_and_has_the_code_of_its_name() {
    let mut seen = Vec::new();
    for refused in [
        places::places(),
        places::authors(),
        rings::members(),
        epochs::epochs(),
        epochs::keys_and_names(),
        recovery::recoveries(),
        recovery::certificates(),
        crate::claims::refusals(),
    ] {
        seen.extend(refused);
    }
    let mut codes = BTreeSet::new();
    for (expected, refusal) in seen {
        assert_eq!(expected, refusal.code(), "{refusal}");
        let debug = format!("{refusal:?}").replace("Decode(", "Decode");
        let name: String = debug
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let mut snake = String::new();
        for (index, letter) in name.char_indices() {
            if letter.is_ascii_uppercase() && index > 0 {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        assert_eq!(refusal.code(), snake);
        codes.insert(refusal.code());
    }
    let source = include_str!("../../../src/refusal.rs");
    let all: BTreeSet<_> = source
        .lines()
        .filter_map(|line| line.split_once("=> \""))
        .filter_map(|(_, rest)| rest.split_once('"'))
        .map(|(code, _)| code)
        .collect();
    assert_eq!(
        codes, all,
        "a refusal that no case produces, or a code that no refusal has"
    );
}

pub(crate) type Cases = Vec<(&'static str, Refusal)>;

pub(crate) fn case(cases: &mut Cases, expected: &'static str, result: Result<(), Refusal>) {
    match result {
        Ok(()) => panic!("{expected}: accepted"),
        Err(refusal) => cases.push((expected, refusal)),
    }
}

#[test]
fn a_replaced_password_dies_in_the_statement_that_brings_the_new_one() {
    let Cast {
        mut town, alice, ..
    } = cast();
    let (old, new) = (
        town.device(DeviceKind::Password),
        town.device(DeviceKind::Password),
    );
    let op = recovery(&mut town, &alice, &old, None);
    town.say(&alice, alice.id, op).expect("a password");
    let op = recovery(&mut town, &alice, &new, Some(&old));
    town.say(&alice, alice.id, op).expect("another password");
    let state = town.states.user(&alice.id).expect("alice");
    assert_eq!(state.password().map(|(device, _)| device), Some(new.id));
    assert!(state.device_at(&old.id, NOW).is_none());
    assert_eq!(state.ring.newest().map(|epoch| epoch.lossy), Some(true));
}
