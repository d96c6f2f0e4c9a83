//! Locators, administrators, what a person's devices have to say, and an older database.

use super::*;

#[test]
fn a_locator_opens_its_record_and_the_name_does_not() {
    let (world, anna) = stored(211, 0);
    let locator = FixedBytes([0x70; 32]);
    let record = locator_record(&locator);
    store(&world, &anna, record, &Access::Locator);
    let open = |locator| world.vault::<OpenRecord>(&OpenRecordRequest { locator });
    let opened = open(locator).unwrap();
    assert_eq!((opened.record, opened.sealed.as_slice()), (record, SEALED));
    assert_eq!(code(open(record)), Code::NotFound);
    assert_eq!(code(open(FixedBytes([1; 32]))), Code::NotFound);
    // A record of another kind under such a name.
    let locator = FixedBytes([0x71; 32]);
    store(&world, &anna, locator_record(&locator), &two_man(0));
    assert_eq!(code(open(locator)), Code::NotFound);
    // Nor does a code come for a record that a locator opens.
    let lost = Lost {
        record,
        ..Lost::new(anna.id)
    };
    lost.start(&world).unwrap();
    assert!(world.servers.mailbox.take().is_empty());
}

#[test]
fn administrators_read_what_names_them() {
    let (mut world, anna) = stored(212, 0);
    let [berta, clara, dora] =
        ["berta", "clara", "dora"].map(|name| world.newcomer(name, |_| {}).0);
    let mut readers = vec![berta.id, clara.id];
    readers.sort();
    let record = FixedBytes([0x72; 32]);
    store(&world, &anna, record, &Access::Readers(readers));
    let read = |person| ask(&world, person, &Action::Read(record));
    for reader in [&berta, &clara] {
        assert_eq!(read(reader).unwrap().sealed.unwrap().as_slice(), SEALED);
    }
    for other in [&anna, &dora] {
        assert_eq!(code(read(other)), Code::NotFound);
    }
    // A record of another kind has no readers.
    assert_eq!(
        code(ask(&world, &berta, &Action::Read(RECORD))),
        Code::NotFound
    );
}

#[test]
fn a_record_that_is_not_in_use_is_deleted_by_its_owner() {
    let (mut world, anna) = stored(213, 0);
    let berta = world.newcomer("berta", |_| {}).0;
    let delete = |person| ask(&world, person, &Action::Delete(RECORD));
    assert_eq!(code(delete(&berta)), Code::NotFound);
    assert_eq!(delete(&anna).unwrap().kept, []);
    assert_eq!(code(delete(&anna)), Code::NotFound);
    Lost::new(anna.id).start(&world).unwrap();
    assert!(world.servers.mailbox.take().is_empty());
}

#[test]
fn a_record_that_is_gone_releases_nothing() {
    let (world, anna) = stored(214, 24);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    finish(&world, attempt, &right).unwrap();
    ask(&world, &anna, &Action::Delete(RECORD)).unwrap();
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
}

#[test]
fn only_a_device_in_force_asks_and_in_time() {
    let (mut world, anna) = stored(215, 0);
    let berta = world.newcomer("berta", |_| {}).0;
    let good = asked(&world, &anna, &anna.device, &Action::List);
    world.vault::<AskVault>(&good).unwrap();
    type Spoil<'a> = (&'static str, Box<dyn Fn(&mut VaultRequest) + 'a>);
    let spoils: Vec<Spoil<'_>> = vec![
        ("signature", Box::new(|r| r.signature.0[0] ^= 1)),
        ("time", Box::new(|r| r.time = r.time.plus_millis(1))),
        (
            "action",
            Box::new(|r| r.action = Action::Read(RECORD).to_bytes().into()),
        ),
        ("user", Box::new(|r| r.user = berta.id)),
        ("device", Box::new(|r| r.device = berta.device.id)),
        (
            "tenant",
            Box::new(|r| r.tenant = TenantId::from_bytes([1; 32])),
        ),
        ("no name", Box::new(|r| r.user_chain.truncate(1))),
        ("no chain", Box::new(|r| r.tenant_chain.clear())),
        (
            "another",
            Box::new(|r| {
                *r = VaultRequest {
                    user: anna.id,
                    ..asked(&world, &anna, &berta.device, &Action::List)
                }
            }),
        ),
    ];
    for (what, spoil) in spoils {
        let mut request = good.clone();
        spoil(&mut request);
        let found = code(world.vault::<AskVault>(&request));
        assert_eq!(found, Code::RequestRefused, "{what}");
    }
    let mut bad = good.clone();
    bad.action.0.push(0);
    assert_eq!(code(world.vault::<AskVault>(&bad)), Code::MalformedRequest);
    // Five minutes in each direction.
    world.servers.clock.advance(300_000);
    world.vault::<AskVault>(&good).unwrap();
    world.servers.clock.advance(1);
    assert_eq!(code(world.vault::<AskVault>(&good)), Code::RequestRefused);
    let ahead = |ms| {
        let time = world.servers.now().plus_millis(ms);
        asked_at(&world, &anna, &anna.device, &Action::List, time)
    };
    world.vault::<AskVault>(&ahead(300_000)).unwrap();
    let refused = world.vault::<AskVault>(&ahead(300_001));
    assert_eq!(code(refused), Code::RequestRefused);
    // A device that was revoked.
    let second = world.town.device(DeviceKind::Ordinary);
    let op = world.town.op_add_device(&anna, &second);
    world.town.say(&anna, anna.id, op).unwrap();
    world
        .vault::<AskVault>(&asked(&world, &anna, &second, &Action::List))
        .unwrap();
    let op = world.town.op_revoke_device(&anna, &[second.member()]);
    world.town.say(&anna, anna.id, op).unwrap();
    assert_eq!(
        code(world.vault::<AskVault>(&asked(&world, &anna, &second, &Action::List))),
        Code::RequestRefused
    );
}

#[test]
fn beside_the_key_server_nothing_is_recovered() {
    let mut world = World::with(
        216,
        ServerOptions {
            separate: false,
            ..ServerOptions::default()
        },
    );
    let anna = world.newcomer("anna", |_| {}).0;
    let nothing = FixedBytes([1; 32]);
    for found in [
        code(Lost::new(anna.id).start(&world)),
        code(finish(&world, nothing, "12345678")),
        code(collect(&world, nothing)),
        code(world.vault::<OpenRecord>(&OpenRecordRequest { locator: nothing })),
        code(ask(&world, &anna, &Action::List)),
    ] {
        assert_eq!(found, Code::VaultNotSeparate);
    }
}

/// Somebody puts the vault's database back to an older state, and its counters with it. The tenant
/// signs tokens only as its own budget allows, and without a token no code is sent.
#[test]
fn a_vault_that_was_put_back_gets_no_more_tokens() {
    let (mut world, anna) = stored(217, 0);
    let lost = Lost::new(anna.id);
    let mut budget = TokenBudget::default();
    let mut start = |world: &World| {
        budget
            .take(world.servers.now())
            .map_err(|spent| spent.retry_after)?;
        lost.start(world)
            .map_err(|problem| problem.retry_after.unwrap())
    };
    let snapshot = |world: &mut World| {
        world.servers.stop_vault();
        let file = world.servers.folder().join("vault.db");
        let bytes = std::fs::read(&file).unwrap();
        world.servers.start_vault();
        (file, bytes)
    };
    let (file, before) = snapshot(&mut world);
    for _ in 0..5 {
        let attempt = start(&world).unwrap();
        let right = world.servers.mailbox.code_for(ADDRESS);
        for _ in 0..3 {
            finish(&world, attempt, &other(&right)).unwrap_err();
        }
    }
    world.servers.stop_vault();
    std::fs::write(&file, &before).unwrap();
    for journal in ["vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(world.servers.folder().join(journal));
    }
    world.servers.start_vault();
    // The vault has forgotten: with a token it would go on.
    lost.start(&world).unwrap();
    assert_eq!(world.servers.mailbox.take().len(), 1);
    // It is the tenant that has not.
    for _ in 0..10 {
        assert_eq!(start(&world), Err(24 * 3600));
    }
    assert!(world.servers.mailbox.take().is_empty());
}
