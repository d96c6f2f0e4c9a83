//! Codes, and what releases the share of the vault.

use super::*;

#[test]
fn the_right_code_releases_the_share_to_the_client_that_asked() {
    let (world, anna) = stored(200, 0);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let letters = world.servers.mailbox.take();
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}");
    };
    assert_eq!(
        (letter.to.as_str(), letter.language),
        (ADDRESS, Language::French)
    );
    let LetterKind::RecoveryCode { code, tag, minutes } = &letter.kind else {
        panic!("{letter:?}");
    };
    assert_eq!((tag, *minutes), (&recovery::tag(&lost.public()), 10));
    let finished = finish(&world, attempt, &code.shown()).unwrap();
    assert_eq!(finished.ready, world.servers.now());
    let release = finished.release.unwrap();
    assert_eq!(release.sealed.as_slice(), SEALED);
    assert_eq!(lost.open(&world, &attempt, &release.share), Some(SHARE));
    let letters = world.servers.mailbox.take();
    assert!(matches!(
        letters.as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryReleased)
    ));
    // A code is good once, and the answer is there again for whoever did not hear it.
    assert_eq!(
        self::code(finish(&world, attempt, &code.shown())),
        Code::CodeExpired
    );
    let again = collect(&world, attempt).unwrap().release.unwrap();
    assert_eq!(lost.open(&world, &attempt, &again.share), Some(SHARE));
    assert!(world.servers.mailbox.take().is_empty());
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(self::code(collect(&world, attempt)), Code::CodeExpired);
}

#[test]
fn a_wrong_code_says_how_many_tries_are_left() {
    let (world, anna) = stored(201, 0);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    let wrong = other(&right);
    for left in [2, 1, 0] {
        let problem = finish(&world, attempt, &wrong).unwrap_err();
        assert_eq!(problem.code, Code::CodeRefused);
        assert_eq!(problem.detail.unwrap(), format!("{left} tries are left"));
        assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
    }
    assert_eq!(code(finish(&world, attempt, &right)), Code::CodeExpired);
    // What is no code costs no try.
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    for text in ["", "1234567", "abcdefgh"] {
        assert_eq!(code(finish(&world, attempt, text)), Code::MalformedRequest);
    }
    finish(&world, attempt, &other(&right)).unwrap_err();
    finish(&world, attempt, &other(&right)).unwrap_err();
    assert!(finish(&world, attempt, &right).unwrap().release.is_some());
}

#[test]
fn a_code_is_good_for_ten_minutes() {
    let (world, anna) = stored(202, 0);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    world.servers.clock.advance(600_000);
    assert_eq!(code(finish(&world, attempt, &right)), Code::CodeExpired);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    world.servers.clock.advance(599_999);
    finish(&world, attempt, &right).unwrap();
}

#[test]
fn a_code_of_another_attempt_is_wrong() {
    let (world, anna) = stored(203, 0);
    let lost = Lost::new(anna.id);
    // Somebody else begins with his own client, and the person reads out the code of her letter.
    let attacker = Lost {
        key: KemSecretKey::generate(&mut seeded(91)).unwrap(),
        ..Lost::new(anna.id)
    };
    let theirs = attacker.start(&world).unwrap();
    let _ = world.servers.mailbox.take();
    let hers = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    assert_eq!(code(finish(&world, theirs, &right)), Code::CodeRefused);
    // And what her attempt releases is of no use to him.
    let release = finish(&world, hers, &right).unwrap().release.unwrap();
    assert_eq!(attacker.open(&world, &hers, &release.share), None);
    assert_eq!(lost.open(&world, &hers, &release.share), Some(SHARE));
    // Nor is it for another attempt, record or person of the same client.
    assert_eq!(lost.open(&world, &theirs, &release.share), None);
}

#[test]
fn a_token_of_the_tenant_is_needed_and_good_once() {
    let (mut world, anna) = stored(204, 0);
    let lost = Lost::new(anna.id);
    let claims = lost.claims(&world);
    let start =
        |world: &World, claims: &Claims| world.vault::<StartCode>(&lost.request(world, claims));
    let audience = Claims {
        aud: world.servers.keys_url(),
        ..claims
    };
    let client = Claims {
        cli: recovery::client_hash(b"another"),
        ..claims.clone()
    };
    let tenant = Claims {
        iss: TenantId::from_bytes([9; 32]),
        ..claims.clone()
    };
    for claims in [audience, client] {
        assert_eq!(code(start(&world, &claims)), Code::AccessRefused);
    }
    assert_eq!(code(start(&world, &tenant)), Code::RequestRefused);
    let long = Claims {
        exp: claims.iat + 601,
        ..claims.clone()
    };
    let early = Claims {
        iat: claims.iat + 61,
        ..claims.clone()
    };
    let late = Claims {
        iat: claims.iat - 661,
        exp: claims.iat - 61,
        ..claims.clone()
    };
    for claims in [long, early, late] {
        assert_eq!(code(start(&world, &claims)), Code::AccessExpired);
    }
    let mut bad = lost.request(&world, &claims);
    bad.token.push('x');
    assert_eq!(code(world.vault::<StartCode>(&bad)), Code::AccessRefused);
    let mut bad = lost.request(&world, &claims);
    bad.client_key.0.pop();
    assert_eq!(code(world.vault::<StartCode>(&bad)), Code::MalformedRequest);
    assert!(world.servers.mailbox.take().is_empty());

    start(&world, &claims).unwrap();
    let problem = start(&world, &claims).unwrap_err();
    assert_eq!(problem.code, Code::AccessRefused);
    assert!(problem.detail.unwrap().contains("used already"));
    world.servers.stop_vault();
    world.servers.start_vault();
    assert_eq!(code(start(&world, &claims)), Code::AccessRefused);
    assert_eq!(world.servers.mailbox.take().len(), 1);
}

#[test]
fn a_revoked_token_key_stays_revoked() {
    let (mut world, anna) = stored(205, 0);
    let lost = Lost::new(anna.id);
    lost.start(&world).unwrap();
    // The thief of the old key shows the chain as it was; so does nobody else.
    let stolen = token(&world, &lost.claims(&world));
    let before = chain(&world, world.town.tenant);
    let old = world.town.token_id();
    let new = wardseal_crypto::sign::Ed25519SigningKey::generate(&mut seeded(77)).unwrap();
    for op in [Op::TenantAddKey(token_key(&new)), Op::TenantRevokeKey(old)] {
        let statement = world.town.tenant_says(op);
        world.town.append(&statement).unwrap();
    }
    let with_old = StartCodeRequest {
        token: stolen,
        client_key: lost.public().into(),
        tenant_chain: chain(&world, world.town.tenant),
    };
    assert_eq!(
        code(world.vault::<StartCode>(&with_old)),
        Code::AccessRefused
    );
    let with_old = StartCodeRequest {
        tenant_chain: before.clone(),
        ..with_old
    };
    assert_eq!(
        code(world.vault::<StartCode>(&with_old)),
        Code::AccessRefused
    );
    world.servers.stop_vault();
    world.servers.start_vault();
    assert_eq!(
        code(world.vault::<StartCode>(&with_old)),
        Code::AccessRefused
    );
    // The new key is good, also for a client that has not heard of it.
    world.town.token = new;
    let request = StartCodeRequest {
        tenant_chain: before,
        ..lost.request(&world, &lost.claims(&world))
    };
    world.vault::<StartCode>(&request).unwrap();
    // Another history of the same tenant is none.
    let mut request = lost.request(&world, &lost.claims(&world));
    request.tenant_chain.swap(1, 2);
    assert_eq!(
        code(world.vault::<StartCode>(&request)),
        Code::RequestRefused
    );
}

#[test]
fn a_person_who_does_not_exist_gets_the_same_answers_and_no_letter() {
    let (world, anna) = stored(206, 0);
    let nobody = UserId::from_bytes([7; 32]);
    let real = Lost::new(anna.id);
    let cases = [
        Lost {
            record: FixedBytes([7; 32]),
            ..Lost::new(nobody)
        },
        Lost {
            record: FixedBytes([8; 32]),
            ..Lost::new(anna.id)
        },
    ];
    for lost in cases {
        let attempt = lost.start(&world).unwrap();
        assert!(world.servers.mailbox.take().is_empty());
        for left in [2, 1, 0] {
            let problem = finish(&world, attempt, "1234 5678").unwrap_err();
            assert_eq!(problem.code, Code::CodeRefused);
            assert_eq!(problem.detail.unwrap(), format!("{left} tries are left"));
        }
        let problem = finish(&world, attempt, "1234 5678").unwrap_err();
        assert_eq!(problem.code, Code::CodeExpired);
        assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
    }
    // Five codes a day, whether anybody reads them or not.
    let ghost = Lost {
        record: FixedBytes([9; 32]),
        ..Lost::new(nobody)
    };
    for _ in 0..5 {
        ghost.start(&world).unwrap();
        real.start(&world).unwrap();
    }
    let one = ghost.start(&world).unwrap_err();
    let other = real.start(&world).unwrap_err();
    assert_eq!(one.code, Code::TooManyAttempts);
    assert_eq!((one.code, one.retry_after), (other.code, other.retry_after));
    // An attempt that nobody began.
    let nothing = FixedBytes([1; 32]);
    assert_eq!(code(finish(&world, nothing, "12345678")), Code::CodeExpired);
}

#[test]
fn without_mail_nobody_is_told_anything() {
    let (world, anna) = stored(207, 0);
    world.servers.mailbox.close(true);
    for user in [anna.id, UserId::from_bytes([7; 32])] {
        let problem = Lost::new(user).start(&world).unwrap_err();
        assert_eq!(problem.code, Code::Unavailable);
        assert_eq!(problem.retry_after, Some(60));
    }
    world.servers.mailbox.close(false);
    Lost::new(anna.id).start(&world).unwrap();
}

#[test]
fn a_delay_passes_before_the_share_is_released() {
    let (mut world, anna) = stored(208, 24);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    let finished = finish(&world, attempt, &right).unwrap();
    let ready = world.servers.now().plus_millis(24 * HOUR);
    assert_eq!((finished.ready, &finished.release), (ready, &None));
    assert!(matches!(
        world.servers.mailbox.take().as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryWaiting { until } if until == ready)
    ));
    world.servers.clock.advance(24 * HOUR - 1);
    assert_eq!(collect(&world, attempt).unwrap().release, None);
    world.servers.stop_vault();
    world.servers.start_vault();
    world.servers.clock.advance(1);
    let release = collect(&world, attempt).unwrap().release.unwrap();
    assert_eq!(lost.open(&world, &attempt, &release.share), Some(SHARE));
    assert!(matches!(
        world.servers.mailbox.take().as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryReleased)
    ));
    // It was told of once.
    collect(&world, attempt).unwrap();
    assert!(world.servers.mailbox.take().is_empty());
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
}

#[test]
fn a_device_stops_a_recovery() {
    let (mut world, anna) = stored(209, 24);
    let berta = world.newcomer("berta", |_| {}).0;
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    // Nothing is under way before the code was right.
    assert_eq!(ask(&world, &anna, &Action::List).unwrap().pending, []);
    assert_eq!(
        code(ask(&world, &anna, &Action::Veto(attempt))),
        Code::NotFound
    );
    let right = world.servers.mailbox.code_for(ADDRESS);
    let ready = finish(&world, attempt, &right).unwrap().ready;
    let listed = ask(&world, &anna, &Action::List).unwrap().pending;
    let [pending] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!((pending.attempt, pending.record), (attempt, RECORD));
    assert_eq!(
        (pending.started, pending.ready),
        (world.servers.now(), ready)
    );
    // Others neither see nor stop it.
    assert_eq!(ask(&world, &berta, &Action::List).unwrap().pending, []);
    assert_eq!(
        code(ask(&world, &berta, &Action::Veto(attempt))),
        Code::NotFound
    );
    world.servers.clock.advance(HOUR);
    let after = ask(&world, &anna, &Action::Veto(attempt)).unwrap();
    assert_eq!(after.pending, []);
    for _ in 0..2 {
        assert_eq!(code(collect(&world, attempt)), Code::RecoveryVetoed);
        world.servers.clock.advance(24 * HOUR);
    }
    // What was released cannot be stopped any more.
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    finish(&world, attempt, &right).unwrap();
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(ask(&world, &anna, &Action::List).unwrap().pending.len(), 1);
    collect(&world, attempt).unwrap();
    assert_eq!(ask(&world, &anna, &Action::List).unwrap().pending, []);
    assert_eq!(
        code(ask(&world, &anna, &Action::Veto(attempt))),
        Code::NotFound
    );
}

#[test]
fn twenty_wrong_codes_lock_the_record_until_there_is_a_new_one() {
    let (world, anna) = stored(210, 0);
    let lost = Lost::new(anna.id);
    let mut refused = 0;
    'all: loop {
        let attempt = lost.start(&world).unwrap();
        let right = world.servers.mailbox.code_for(ADDRESS);
        for _ in 0..3 {
            assert_eq!(
                code(finish(&world, attempt, &other(&right))),
                Code::CodeRefused
            );
            refused += 1;
            if refused == 20 {
                assert_eq!(code(finish(&world, attempt, &right)), Code::RecoveryLocked);
                break 'all;
            }
        }
        world.servers.clock.advance(24 * HOUR);
    }
    assert!(matches!(
        world.servers.mailbox.take().as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryLocked)
    ));
    let kept = |world: &World| {
        let mut kept = ask(world, &anna, &Action::List).unwrap().kept;
        kept.sort_by_key(|kept| kept.record);
        kept.iter()
            .map(|kept| (kept.record, kept.access, kept.locked))
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&world), [(RECORD, 3, true)]);
    world.servers.clock.advance(365 * 24 * HOUR);
    assert_eq!(code(lost.start(&world)), Code::RecoveryLocked);
    let new = FixedBytes([0x60; 32]);
    store(&world, &anna, new, &two_man(0));
    let lost = Lost {
        record: new,
        ..lost
    };
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    finish(&world, attempt, &right).unwrap();
    assert_eq!(kept(&world), [(RECORD, 3, true), (new, 3, false)]);
}
