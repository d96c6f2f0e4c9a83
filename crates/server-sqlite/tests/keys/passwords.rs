//! The key server's half of a password.

use wardseal_password::{
    oprf::{Blind, HardenedPassword, OprfPublicKey},
    password::Password,
};
use wardseal_protocol::{
    Refusal, binding,
    keys::DeviceKind,
    op::{Method, Op, SetRecovery, VaultRecord},
};
use wardseal_server_domain::{
    DomainError,
    keys::{Caller, Evaluated, NEW_RECORDS_PER_USER, TRIES_PER_NAME, tries_per_tenant},
    storage::{Counted, Store as _},
};
use wardseal_testkit::{Person, seeded};
use wardseal_types::{DeviceId, FixedBytes, TenantId};

use crate::world::World;

fn password() -> Password {
    Password::new("correct horse battery staple").unwrap()
}

fn blind(seed: u64) -> (Blind, Vec<u8>) {
    Blind::start(&password(), b"account", &mut seeded(seed)).unwrap()
}

fn finish(blind: Blind, evaluated: &Evaluated) -> HardenedPassword {
    let key = OprfPublicKey::from_bytes(evaluated.oprf_key.as_array()).unwrap();
    blind.finish(&evaluated.evaluation, &key).unwrap()
}

/// The statement by which a person's password is set, and the device that it is.
fn set_recovery(
    world: &mut World,
    person: &Person,
    record: FixedBytes<32>,
    oprf_key: FixedBytes<32>,
    replaces: Option<DeviceId>,
) -> (Op, DeviceId) {
    let device = world.town.device(DeviceKind::Password);
    let vault = VaultRecord {
        record,
        vault_key: FixedBytes([3; 32]),
        oprf_key,
    };
    let (entry, epoch) = match replaces {
        None => (
            Some(world.town.present_box(person.id, device.member())),
            None,
        ),
        Some(old) => {
            let mut members = world.town.members(person.id);
            members.retain(|member| *member != old.into());
            members.push(device.member());
            (None, Some(world.town.next_epoch(person.id, &members)))
        }
    };
    let set = SetRecovery {
        device: device.enters(&world.town.tenant, &person.id),
        method: Method::Password(vault),
        replaces,
        entry,
        epoch,
    };
    (Op::SetRecovery(Box::new(set)), device.id)
}

#[test]
fn a_password_hardens_alike_when_it_is_set_and_when_it_is_used() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let (caller, tenant) = (world.caller(&anna), world.tenant());
    let name = binding::index(&tenant, "anna");
    let record = FixedBytes([1; 32]);
    let (setting, blinded) = blind(1);
    let new = world
        .service
        .evaluate_new(&caller, &tenant, &record, &blinded)
        .unwrap();
    assert_eq!(new.record, record);
    let (op, old) = set_recovery(&mut world, &anna, record, new.oprf_key, None);
    world.say(&anna, anna.id, op);

    let (using, blinded) = blind(2);
    let live = world.service.evaluate(&tenant, &name, &blinded).unwrap();
    assert_eq!((live.record, live.oprf_key), (record, new.oprf_key));
    let hardened = finish(setting, &new);
    assert_eq!(finish(using, &live), hardened);

    // A change of password replaces the record, and with it the function.
    let record = FixedBytes([2; 32]);
    let (setting, blinded) = blind(3);
    let new = world
        .service
        .evaluate_new(&caller, &tenant, &record, &blinded)
        .unwrap();
    let (op, _) = set_recovery(&mut world, &anna, record, new.oprf_key, Some(old));
    world.say(&anna, anna.id, op);
    let (_, blinded) = blind(4);
    let live = world.service.evaluate(&tenant, &name, &blinded).unwrap();
    assert_eq!(live.record, record);
    assert_ne!(finish(setting, &new), hardened);
}

#[test]
fn guesses_at_a_name_are_limited_and_remembered() {
    let mut world = World::new(1);
    world.person("anna");
    let tenant = world.tenant();
    let name = binding::index(&tenant, "anna");
    let blinded = blind(1).1;
    let guess = |world: &World| world.service.evaluate(&tenant, &name, &blinded);
    for _ in 0..TRIES_PER_NAME.burst {
        guess(&world).unwrap();
    }
    let refused = Err(DomainError::TooManyAttempts { retry_after: 360 });
    assert_eq!(guess(&world), refused);
    world.clock.advance(59_500);
    let world = world.restart();
    assert_eq!(
        guess(&world),
        Err(DomainError::TooManyAttempts { retry_after: 301 })
    );
    world.clock.advance(300_500);
    guess(&world).unwrap();
    assert_eq!(guess(&world), refused);
    // Another name is not concerned.
    let other = binding::index(&tenant, "berta");
    world.service.evaluate(&tenant, &other, &blinded).unwrap();
}

#[test]
fn names_without_a_password_look_like_names_with_one() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let tenant = world.tenant();
    let blinded = blind(1).1;
    let mut records = vec![FixedBytes([1; 32])];
    // Somebody without a password, and two who do not exist.
    for text in ["anna", "nobody", "no one"] {
        let name = binding::index(&tenant, text);
        let first = world.service.evaluate(&tenant, &name, &blinded).unwrap();
        let (using, request) = blind(7);
        let second = world.service.evaluate(&tenant, &name, &request).unwrap();
        assert_eq!(
            (first.record, first.oprf_key),
            (second.record, second.oprf_key)
        );
        finish(using, &second);
        assert!(!records.contains(&first.record));
        records.push(first.record);
        for _ in 2..TRIES_PER_NAME.burst {
            world.service.evaluate(&tenant, &name, &blinded).unwrap();
        }
        let refused = world.service.evaluate(&tenant, &name, &blinded);
        assert_eq!(
            refused,
            Err(DomainError::TooManyAttempts { retry_after: 360 })
        );
    }
    drop(anna);
    // The same record after a new start, and another in another tenant.
    world.clock.advance(360_000);
    let name = binding::index(&tenant, "nobody");
    let world = world.restart();
    let again = world.service.evaluate(&tenant, &name, &blinded).unwrap();
    assert_eq!(again.record, records[2]);
    let other = World::new(2);
    let elsewhere = other
        .service
        .evaluate(&other.tenant(), &name, &blinded)
        .unwrap();
    assert_ne!(elsewhere.record, records[2]);
}

#[test]
fn guesses_at_all_names_of_a_tenant_are_limited() {
    let world = World::new(1);
    let tenant = world.tenant();
    let blinded = blind(1).1;
    let guess = |number: u8| {
        let name = FixedBytes([number; 32]);
        world.service.evaluate(&tenant, &name, &blinded)
    };
    for number in 0..100 {
        guess(number).unwrap();
    }
    assert_eq!(
        guess(100),
        Err(DomainError::TooManyAttempts { retry_after: 36 })
    );
    // What the tenant's limit refused does not count for the name.
    world
        .clock
        .advance(36_000 * u64::from(u8::try_from(TRIES_PER_NAME.burst).unwrap()));
    for _ in 0..TRIES_PER_NAME.burst {
        guess(100).unwrap();
    }
}

#[test]
fn what_strangers_try_is_forgotten_in_time() {
    let world = World::new(1);
    let tenant = world.tenant();
    let (first, second) = (FixedBytes([1; 32]), FixedBytes([2; 32]));
    let blinded = blind(1).1;
    let kept = |name| {
        let snapshot = world.store.read().unwrap();
        snapshot
            .busy_until(&tenant, &Counted::Name(name))
            .unwrap()
            .is_some()
    };
    world.service.evaluate(&tenant, &first, &blinded).unwrap();
    assert!(kept(first));
    world.clock.advance(TRIES_PER_NAME.interval);
    world.service.evaluate(&tenant, &second, &blinded).unwrap();
    assert!(!kept(first) && kept(second));
}

#[test]
fn a_larger_tenant_may_try_more() {
    let per_hour = |users| {
        let limit = tries_per_tenant(users);
        (limit.burst, 3_600_000 / limit.interval)
    };
    assert_eq!(per_hour(0), (100, 100));
    assert_eq!(per_hour(9000), (1000, 1000));
    assert!(tries_per_tenant(u64::MAX).interval > 0);
}

#[test]
fn new_records_are_limited_for_each_user() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let tenant = world.tenant();
    let blinded = blind(1).1;
    let new = |caller: &Caller, number: u8| {
        let record = FixedBytes([number; 32]);
        world
            .service
            .evaluate_new(caller, &tenant, &record, &blinded)
    };
    let caller = world.caller(&anna);
    for number in 0..u8::try_from(NEW_RECORDS_PER_USER.burst).unwrap() {
        new(&caller, number).unwrap();
    }
    assert_eq!(
        new(&caller, 99),
        Err(DomainError::TooManyAttempts { retry_after: 360 })
    );
    new(&world.caller(&berta), 99).unwrap();
    let mut elsewhere = caller;
    elsewhere.tenant = TenantId::from_bytes([1; 32]);
    assert_eq!(new(&elsewhere, 99), Err(DomainError::NotFound));
}

/// Or the limits of whoever asks would replace those of the name.
#[test]
fn a_record_in_use_is_not_evaluated_as_new_nor_taken_by_another() {
    let mut world = World::new(1);
    let (anna, mallory) = (world.person("anna"), world.person("mallory"));
    let tenant = world.tenant();
    let record = FixedBytes([1; 32]);
    let blinded = blind(1).1;
    let new = world
        .service
        .evaluate_new(&world.caller(&anna), &tenant, &record, &blinded)
        .unwrap();
    let (op, _) = set_recovery(&mut world, &anna, record, new.oprf_key, None);
    world.say(&anna, anna.id, op);
    let caller = world.caller(&mallory);
    let refused = world
        .service
        .evaluate_new(&caller, &tenant, &record, &blinded);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
    let (op, _) = set_recovery(&mut world, &mallory, record, new.oprf_key, None);
    let statement = world.town.says(&mallory, mallory.id, op);
    let refused = world.post(&mallory, &[statement]);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
}

#[test]
fn a_record_names_the_key_of_this_server() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let (op, _) = set_recovery(
        &mut world,
        &anna,
        FixedBytes([1; 32]),
        FixedBytes([2; 32]),
        None,
    );
    let statement = world.town.says(&anna, anna.id, op);
    assert_eq!(world.post(&anna, &[statement]), Err(Refusal::BadKey.into()));
}

#[test]
fn what_is_no_element_is_refused() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let tenant = world.tenant();
    let name = binding::index(&tenant, "anna");
    let record = FixedBytes([1; 32]);
    for bad in [vec![], vec![0; 31], vec![0; 32], vec![255; 32], vec![0; 33]] {
        let refused = world.service.evaluate(&tenant, &name, &bad);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
        let caller = world.caller(&anna);
        let refused = world.service.evaluate_new(&caller, &tenant, &record, &bad);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
    }
    let unknown = TenantId::from_bytes([1; 32]);
    let refused = world.service.evaluate(&unknown, &name, &blind(1).1);
    assert_eq!(refused, Err(DomainError::UnknownTenant));
}
