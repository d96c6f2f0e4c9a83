//! A chain is what its author said, all of it, in his order: nothing dropped, doubled, exchanged,
//! altered, or carried over from elsewhere.

use wardseal_protocol::{
    Refusal,
    cbor::{self, DecodeError},
    fold,
    op::{Membership, Op, Rights, Role},
    state::{ChainState, Position, States},
    statement::{Author, Body, Statement},
};
use wardseal_testkit::{Person, Town};
use wardseal_types::{Base64Url, ChainId, FixedBytes, GroupId, StatementHash, limits};

use crate::refusals::cast;

/// A group's chain of twenty statements, with the states of everybody else.
fn twenty() -> (Town, Person, GroupId, Vec<(Position, Statement)>) {
    let mut town = Town::new(21);
    let (alice, bob) = (town.person(), town.person());
    let group = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    for _ in 0..4 {
        let op = town.op_add(group, bob.member(), Role::Member);
        town.say(&alice, group, op).expect("added");
        town.say(
            &alice,
            group,
            Op::SetRole(Membership {
                member: bob.member(),
                role: Role::Admin,
            }),
        )
        .expect("promoted");
        let op = town.op_rotate(group);
        town.say(&bob, group, op).expect("rotated");
        let op = town.op_remove(group, &[bob.member()]);
        town.say(&alice, group, op).expect("removed");
    }
    for name in 0..3 {
        let epoch = u32::try_from(town.seeds[&group.into()].len() - 1).expect("few");
        let op = Op::Rename(epoch, Base64Url(vec![name]));
        town.say(&alice, group, op).expect("renamed");
    }
    let chain: Vec<_> = (0..)
        .zip(town.log.clone())
        .filter(|(_, statement)| statement.group() == Some(group))
        .collect();
    assert_eq!(chain.len(), 20);
    (town, alice, group, chain)
}

fn replay(states: &States, chain: &[(Position, Statement)]) -> Result<ChainState, Refusal> {
    let mut state = None;
    for (position, statement) in chain {
        state = Some(fold::apply(state.as_ref(), statement, *position, states)?);
    }
    Ok(state.expect("not empty"))
}

/// A server that lies about a chain also gives its statements plausible places.
fn renumbered(chain: &[(Position, Statement)]) -> Vec<(Position, Statement)> {
    let first = chain.first().map_or(0, |(position, _)| *position);
    (first..)
        .zip(chain.iter().map(|(_, statement)| statement.clone()))
        .collect()
}

#[test]
fn a_chain_replays_to_the_state_that_it_made() {
    let (town, _, group, chain) = twenty();
    assert_eq!(
        replay(&town.states, &chain).ok(),
        town.states.chain(&group.into())
    );
}

#[test]
fn dropped_doubled_and_exchanged_links_are_refused() {
    let (town, _, _, chain) = twenty();
    for index in 0..chain.len() {
        let mut doubled = chain.clone();
        doubled.insert(index, chain[index].clone());
        assert_eq!(
            replay(&town.states, &renumbered(&doubled)).err(),
            Some(Refusal::StaleParent)
        );
        // The tail can be withheld: against that, a client asks the log for the newest.
        if index + 1 < chain.len() {
            let mut dropped = chain.clone();
            dropped.remove(index);
            let refusal = replay(&town.states, &renumbered(&dropped)).err();
            assert_eq!(refusal, Some(Refusal::StaleParent), "without {index}");
            let mut swapped = chain.clone();
            swapped.swap(index, index + 1);
            let refusal = replay(&town.states, &renumbered(&swapped)).err();
            assert_eq!(refusal, Some(Refusal::StaleParent), "{index} swapped");
        }
    }
}

#[test]
fn a_link_with_another_place_needs_another_signature_and_gets_none() {
    let (town, alice, _, chain) = twenty();
    for (index, (position, statement)) in chain.iter().enumerate().skip(1) {
        let previous = replay(&town.states, &chain[..index]).expect("the links before");
        let spoils: [fn(&mut Body); 3] = [
            |body| body.seq += 1,
            |body| body.seq -= 1,
            |body| body.previous = Some(StatementHash::from_bytes([0; 32])),
        ];
        for spoil in spoils {
            let mut body = statement.body().clone();
            spoil(&mut body);
            let signed = body.sign(&alice.device.sign).expect("signs");
            let result = fold::apply(Some(&previous), &signed, *position, &town.states);
            assert_eq!(result.err(), Some(Refusal::StaleParent), "{index}");
        }
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    let (town, _, _, chain) = twenty();
    let mut refused = 0;
    for (index, (position, statement)) in chain.iter().enumerate() {
        let previous = replay(&town.states, &chain[..index.max(1)])
            .ok()
            .filter(|_| index > 0);
        let bytes = statement.bytes();
        // Every byte of the beginning, then a sample that reaches each part.
        for at in (0..bytes.len()).filter(|at| *at < 160 || (at + index) % 41 == 0) {
            let mut altered = bytes.to_vec();
            altered[at] ^= 1 << (at % 8);
            refused += 1;
            let Ok(altered) = Statement::decode(&altered) else {
                continue;
            };
            let result = fold::apply(previous.as_ref(), &altered, *position, &town.states);
            // A genesis that was altered is that of another chain, and unsigned.
            assert!(result.is_err(), "link {index}, byte {at}");
        }
        for cut in [0, 1, 2, bytes.len() / 2, bytes.len() - 1] {
            assert!(Statement::decode(&bytes[..cut]).is_err());
        }
    }
    assert!(refused > 5000, "{refused}");
}

#[test]
fn nothing_passes_from_one_chain_or_tenant_into_another() {
    let cast = cast();
    let mut abroad = Town::new(2);
    let _ = abroad.person();
    // A whole history of one tenant, offered in another: every single statement is refused.
    for statement in &cast.town.log {
        assert_eq!(abroad.fold(statement).err(), Some(Refusal::WrongTenant));
    }
    // Within a tenant: each statement that is no genesis, in each chain that is not its own.
    let mut town = cast.town;
    let op = town.op_rotate(cast.group);
    let statement = town.says(&cast.alice, cast.group, op);
    let chains: [ChainId; 4] = [
        town.tenant.into(),
        cast.alice.id.into(),
        cast.bob.id.into(),
        cast.session.into(),
    ];
    for chain in chains {
        let previous = town.states.chain(&chain);
        let result = fold::apply(
            previous.as_ref(),
            &statement,
            town.next_position(),
            &town.states,
        );
        assert_eq!(result.err(), Some(Refusal::WrongChain));
        // And with the chain's name written into it, under the author's own signature.
        let mut body = statement.body().clone();
        body.chain = Some(FixedBytes(*chain.as_bytes()));
        let moved = body.sign(&cast.alice.device.sign).expect("signs");
        let result = fold::apply(
            previous.as_ref(),
            &moved,
            town.next_position(),
            &town.states,
        );
        assert_eq!(result.err(), Some(Refusal::WrongChain));
    }
}

#[test]
fn what_a_removed_administrator_signed_before_is_worthless_after() {
    let mut cast = cast();
    let town = &mut cast.town;
    let promote = Op::SetRole(Membership {
        member: cast.bob.member(),
        role: Role::Admin,
    });
    town.say(&cast.alice, cast.group, promote)
        .expect("promoted");
    let op = town.op_add(cast.group, cast.carol.member(), Role::Admin);
    let delayed = town.says(&cast.bob, cast.group, op.clone());
    assert!(town.judge(&delayed).is_ok());
    let remove = town.op_remove(cast.group, &[cast.bob.member()]);
    town.say(&cast.alice, cast.group, remove).expect("removed");
    assert_eq!(town.append(&delayed), Err(Refusal::StaleParent));
    // Signed anew, on the new head, it is not his to say.
    assert_eq!(
        town.say(&cast.bob, cast.group, op).err(),
        Some(Refusal::NotAuthorised)
    );
}

#[test]
fn a_reader_judges_by_what_held_then_whatever_happened_since() {
    let mut cast = cast();
    let town = &mut cast.town;
    // Bob rotates, then leaves group and session; his device is lost and gone.
    let op = town.op_rotate(cast.group);
    town.say(&cast.bob, cast.group, op).expect("rotated");
    let op = town.op_remove(cast.group, &[cast.bob.member()]);
    town.say(&cast.alice, cast.group, op).expect("removed");
    town.lose_device(&cast.bob).expect("a loss");
    let mut state = None;
    let mut replayed = 0;
    for (position, statement) in (0..).zip(&town.log) {
        if statement.group() == Some(cast.group) {
            let next = fold::apply(state.as_ref(), statement, position, &town.states);
            state = Some(next.expect("was right when it was said"));
            replayed += 1;
        }
    }
    assert_eq!(replayed, 3);
    assert_eq!(state, town.states.chain(&cast.group.into()));
}

#[test]
fn a_statement_is_decoded_only_if_its_parts_agree() {
    let mut cast = cast();
    let town = &mut cast.town;
    let op = town.op_rotate(cast.group);
    let good = town.says(&cast.alice, cast.group, op);
    assert_eq!(Statement::decode(good.bytes()).as_ref(), Ok(&good));
    let spoils: [fn(&mut Body); 8] = [
        |body| body.suite = 0,
        |body| body.suite = 2,
        |body| body.kind = wardseal_types::ChainKind::Session,
        |body| body.tenant = None,
        |body| body.chain = None,
        |body| body.previous = None,
        |body| body.seq = 0,
        |body| body.op = Op::Describe(0, Base64Url::default()),
    ];
    for (index, spoil) in spoils.into_iter().enumerate() {
        let mut body = good.body().clone();
        spoil(&mut body);
        let bad = body.sign(&cast.alice.device.sign).expect("signs");
        assert_eq!(
            Statement::decode(bad.bytes()),
            Err(DecodeError::Malformed),
            "{index}"
        );
    }
    for genesis in &town.log[..2] {
        assert_eq!(Statement::decode(genesis.bytes()).as_ref(), Ok(genesis));
        let mut body = genesis.body().clone();
        body.chain = Some(FixedBytes([0; 32]));
        let bad = body.sign(&cast.alice.device.sign).expect("signs");
        assert_eq!(Statement::decode(bad.bytes()), Err(DecodeError::Malformed));
    }
}

#[test]
fn suites_other_than_ours_do_not_exist() {
    let mut cast = cast();
    let op = cast.town.op_rotate(cast.group);
    let body = cast.town.body(cast.group.into(), cast.alice.author(), op);
    for suite in 0..=300 {
        let mut body = body.clone();
        body.suite = suite;
        let statement = body.sign(&cast.alice.device.sign).expect("signs");
        assert_eq!(
            Statement::decode(statement.bytes()).is_ok(),
            suite == 1,
            "{suite}"
        );
    }
}

#[test]
fn reserved_and_unknown_operations_are_no_statements() {
    for number in 0..=255_u8 {
        let mut bytes = vec![0x82];
        if number < 24 {
            bytes.push(number);
        } else {
            bytes.extend([0x18, number]);
        }
        bytes.push(0x80);
        // Without fields only `dissolve` and `end` are complete.
        let known = cbor::decode::<Op>(&bytes, 100).is_ok();
        assert_eq!(known, [36, 47].contains(&number), "{number}");
    }
    // 13 and 45 are reserved: whatever their fields, they are refused.
    for reserved in [&[13_u8][..], &[0x18, 45]] {
        for fields in [
            &[0x80_u8][..],
            &[0x81, 0xa0],
            &[0x82, 0x50, 0],
            &[0x81, 0x0f],
        ] {
            let bytes = [&[0x82], reserved, fields].concat();
            assert_eq!(
                cbor::decode::<Op>(&bytes, 100).err(),
                Some(DecodeError::Malformed)
            );
        }
    }
}

#[test]
fn nonsense_costs_neither_stack_nor_memory() {
    let deep = vec![0x81; limits::MAX_STATEMENT];
    assert!(Statement::decode(&deep).is_err());
    let tagged = vec![0xc1; limits::MAX_STATEMENT];
    assert!(Statement::decode(&tagged).is_err());
    // A map with an unknown key whose value is nested without end.
    let mut map = vec![0x82, 0x5a, 0, 0x0f, 0, 0, 0xa1, 0x18, 99];
    map.resize(limits::MAX_STATEMENT, 0x81);
    assert!(Statement::decode(&map).is_err());
    let mut long = vec![0x82, 0x5b];
    long.extend([0xff; 8]);
    assert!(Statement::decode(&long).is_err());
}

#[test]
fn a_session_statement_is_signed_by_ed25519_and_nothing_else_is() {
    let mut cast = cast();
    let town = &mut cast.town;
    let session = town.op_rotate_session(cast.session);
    let group = town.op_rotate(cast.group);
    let session = town.says(&cast.alice, cast.session, session);
    let group = town.says(&cast.alice, cast.group, group);
    // The envelopes are (body, signature): exchange the strengths.
    assert!(session.bytes().len() < group.bytes().len());
    let body_of = |statement: &Statement| cbor::encode(statement.body());
    let message = body_of(&group);
    let classical = cast.alice.device.sign.ed25519();
    let classical = classical.sign(wardseal_crypto::label::STATEMENT_SIGNATURE, &message);
    let weak = cbor::encode(&(
        Base64Url(message),
        wardseal_protocol::keys::Signature::Classical(FixedBytes(*classical.as_bytes())),
    ));
    let weak = Statement::decode(&weak).expect("well formed");
    assert_eq!(weak.body(), group.body());
    assert_eq!(town.judge(&weak).err(), Some(Refusal::BadSignature));
    // Half of a hybrid signature does not do either.
    for half in [0, 100] {
        let mut bytes = group.bytes().to_vec();
        let signature = bytes.len() - 3373 + half;
        bytes[signature] ^= 1;
        let spoiled = Statement::decode(&bytes).expect("well formed");
        assert_eq!(town.judge(&spoiled).err(), Some(Refusal::BadSignature));
    }
}

#[test]
fn an_identifier_is_the_genesis_that_it_names() {
    let mut town = Town::new(22);
    let (alice, bob) = (town.person(), town.person());
    let one = town
        .session(&alice, &[(alice.member(), Rights::MANAGE)])
        .expect("a session");
    let two = town
        .session(&alice, &[(alice.member(), Rights::MANAGE)])
        .expect("a session");
    assert_ne!(one, two, "the nonce and the first seed tell them apart");
    let genesis = town
        .log
        .iter()
        .find(|statement| statement.session() == Some(one));
    let genesis = genesis.expect("a genesis");
    // The identifier does not depend on the signature, so it exists before it.
    let again = genesis
        .body()
        .clone()
        .sign(&bob.device.sign)
        .expect("signs");
    assert_eq!(again.session(), Some(one));
    assert_ne!(again.hash(), genesis.hash());
    let mut other = genesis.body().clone();
    other.author = Author::Founder(alice.device.id);
    assert_ne!(
        other.sign(&alice.device.sign).expect("signs").session(),
        Some(one)
    );
}
