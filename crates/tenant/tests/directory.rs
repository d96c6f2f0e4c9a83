//! A directory over answers that no honest server gives.

#![expect(clippy::unwrap_used, reason = "a broken fixture must stop the test")]

use wardseal_api::keys::{ChainSlice, Entry, Fetched, LogView};
use wardseal_client_core::knowledge::Knowledge;
use wardseal_protocol::{log::origin, state::World as _};
use wardseal_tenant::{Directory, Error, HttpResponse, Misbehaviour, Progress};
use wardseal_testkit::Town;
use wardseal_types::{ChainId, TenantId};

/// The genesis of a town's tenant in a log of its own that claims to be the log of `named`.
fn founded(town: &Town, named: &TenantId) -> Fetched {
    let mut checkpoint = town.checkpoint(1);
    checkpoint.origin = origin(named);
    let entry = Entry {
        statement: town.log.first().unwrap().bytes().into(),
        position: 0,
        inclusion: Vec::new(),
    };
    Fetched {
        chains: vec![ChainSlice {
            chain: town.tenant.into(),
            entries: vec![entry],
            boxes: Vec::new(),
        }],
        log: LogView {
            checkpoint: checkpoint.sign(&town.log_key).unwrap(),
            consistency: Vec::new(),
        },
        children: None,
    }
}

fn answer(fetched: &Fetched) -> HttpResponse {
    HttpResponse {
        status: 200,
        body: serde_json::to_vec(fetched).unwrap(),
    }
}

/// What a new directory of this tenant makes of an answer to its first question.
fn told(tenant: TenantId, town: &Town, fetched: &Fetched) -> (Directory, Result<Progress, Error>) {
    let mut directory = Directory::new(tenant);
    let mut inquiry = directory.inquire([tenant.into()], town.now).unwrap();
    let _ = inquiry.request(&directory, "access", town.now);
    let progress = inquiry.take(&mut directory, &answer(fetched));
    (directory, progress)
}

#[test]
fn a_tenant_that_founds_itself_under_the_name_of_another_is_not_believed() {
    let town = Town::new(1);
    let pinned = Town::new(2).tenant;
    let (honest, progress) = told(town.tenant, &town, &founded(&town, &town.tenant));
    assert_eq!(progress, Ok(Progress::Done));
    assert_eq!(honest.tenant_state().unwrap().id, town.tenant);

    let mut lie = founded(&town, &pinned);
    let fork = Misbehaviour::Fork(town.tenant.into());
    let mut knowledge = Knowledge::new(pinned);
    assert_eq!(knowledge.absorb(&lie), Err(fork.into()));
    assert!(knowledge.world().tenant().is_none());
    let entry = lie.chains[0].entries[0].clone();
    let recalled = knowledge.recall(vec![(entry.statement, entry.position)]);
    assert_eq!(recalled, Err(fork.into()));

    let (deceived, progress) = told(pinned, &town, &lie);
    assert_eq!(progress, Err(Misbehaviour::BadAnswer.into()));
    assert!(deceived.tenant_state().is_none());
    lie.chains[0].chain = ChainId::Tenant(pinned);
    let (deceived, progress) = told(pinned, &town, &lie);
    assert_eq!(progress, Err(fork.into()));
    assert!(deceived.tenant_state().is_none());
}

#[test]
fn an_answer_without_the_tenant_or_with_a_chain_twice_is_refused() {
    let town = Town::new(3);
    let honest = founded(&town, &town.tenant);
    let mut silent = honest.clone();
    silent.chains.clear();
    let gap = Misbehaviour::Gap(town.tenant.into());
    assert_eq!(told(town.tenant, &town, &silent).1, Err(gap.into()));
    let mut twice = honest;
    twice.chains.extend(twice.chains.clone());
    let refused = told(town.tenant, &town, &twice).1;
    assert_eq!(refused, Err(Misbehaviour::BadAnswer.into()));
}

#[test]
fn what_is_no_answer_is_refused_and_an_inquiry_ends() {
    let town = Town::new(4);
    let mut directory = Directory::new(town.tenant);
    let mut inquiry = directory.inquire([town.tenant.into()], town.now).unwrap();
    let _ = inquiry.request(&directory, "access", town.now);
    let page = HttpResponse {
        status: 200,
        body: b"<html>".to_vec(),
    };
    let bad: Error = Misbehaviour::BadAnswer.into();
    assert_eq!(inquiry.take(&mut directory, &page), Err(bad.clone()));
    assert_eq!(
        (0..100)
            .find_map(|_| inquiry.take(&mut directory, &page).err())
            .unwrap(),
        bad
    );
    let honest = answer(&founded(&town, &town.tenant));
    let mut inquiry = directory.inquire([town.tenant.into()], town.now).unwrap();
    for _ in 0..64 {
        // Somebody else's answers come in between, again and again.
        let _ = inquiry.request(&Directory::new(town.tenant), "access", town.now);
        let mut other = directory.inquire([town.tenant.into()], town.now.plus_millis(1));
        if let Some(other) = &mut other {
            let _ = other.request(&directory, "access", town.now);
            let _ = other.take(&mut directory, &honest);
        }
        assert_eq!(inquiry.take(&mut directory, &honest), Ok(Progress::Ask));
    }
    assert_eq!(inquiry.take(&mut directory, &honest), Err(bad));
}
