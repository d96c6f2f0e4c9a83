//! What servers and other members of a session may do to an object.

use super::*;

#[test]
fn a_cut_object_is_never_complete_and_releases_a_prefix() {
    let world = World::new();
    let small = content(1000);
    let object = world.seal(&small);
    for cut in 0..object.len() {
        assert!(world.open(&object[..cut]).is_err(), "{cut}");
        let (released, complete) = world.open_stream(&object[..cut], 1);
        assert!(complete.is_err() && small.starts_with(&released), "{cut}");
        if cut > 4 {
            assert!(world.range_reader(&object[..cut]).is_err(), "{cut}");
        }
    }
    let large = content(2 * FRAME_CONTENT + 100_000);
    let object = world.seal(&large);
    let start = Prelude::parse(&object).unwrap().bytes().len();
    let ends = [
        start,
        start + FULL,
        start + 2 * FULL,
        start + 2 * FULL + LENGTH + SEALED_CHUNK,
    ];
    for end in ends.into_iter().chain([object.len() - 4, object.len() - 3]) {
        for cut in (end - 3)..=(end + 5).min(object.len() - 1) {
            let (released, complete) = world.open_stream(&object[..cut], 2);
            assert!(complete.is_err() && large.starts_with(&released), "{cut}");
            assert!(world.open(&object[..cut]).is_err(), "{cut}");
        }
    }
}

#[test]
fn every_flipped_byte_of_a_small_object_is_noticed() {
    let world = World::new();
    let small = content(100);
    let object = world.seal(&small);
    for at in 0..object.len() {
        let mut changed = object.clone();
        changed[at] ^= 1;
        assert!(world.open(&changed).is_err(), "{at}");
        let (released, complete) = world.open_stream(&changed, 1);
        assert!(complete.is_err() && small.starts_with(&released), "{at}");
    }
    assert!(world.open(&[object, vec![0]].concat()).is_err());
}

#[test]
fn swapped_dropped_and_doubled_frames_are_rejected() {
    let world = World::new();
    let all = content(2 * FRAME_CONTENT + 50_000);
    let object = world.seal(&all);
    let start = Prelude::parse(&object).unwrap().bytes().len();
    let (prelude, rest) = object.split_at(start);
    let (first, rest) = rest.split_at(FULL);
    let (second, rest) = rest.split_at(FULL);
    for frames in [
        vec![second, first],
        vec![first],
        vec![first, first, second],
        vec![second],
        vec![],
    ] {
        let changed = [prelude, &frames.concat(), rest].concat();
        let (released, complete) = world.open_stream(&changed, 2);
        assert!(matches!(complete, Err(ObjectError::Rejected)));
        assert!(all.starts_with(&released));
        assert!(matches!(world.open(&changed), Err(ObjectError::Rejected)));
        let ranged = world
            .range_reader(&changed)
            .and_then(|reader| read(&reader, &changed, 0..u64::MAX));
        assert!(ranged.is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_splice_is_noticed(
        from in 0usize..70_000, len in 0usize..40_000, to in 0usize..70_000, replaced in 0usize..40_000,
    ) {
        let world = World::new();
        let all = content(60_000);
        let object = world.seal(&all);
        let from = from.min(object.len());
        let piece = &object[from..(from + len).min(object.len())];
        let to = to.min(object.len());
        let end = (to + replaced).min(object.len());
        let spliced = [&object[..to], piece, &object[end..]].concat();
        prop_assume!(spliced != object);
        let (released, complete) = world.open_stream(&spliced, 1);
        prop_assert!(complete.is_err() && all.starts_with(&released));
        prop_assert!(world.open(&spliced).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let world = World::new();
        prop_assert!(world.open(&bytes).is_err());
        let good = world.seal(b"x");
        let start = Prelude::parse(&good).unwrap().bytes().len();
        prop_assert!(world.open(&[&good[..start], &bytes].concat()).is_err());
        prop_assert!(world.open(&[b"WSEAL1\n\0".as_slice(), &bytes].concat()).is_err());
    }
}

#[test]
fn frames_metadata_and_trailers_of_other_objects_do_not_fit() {
    let world = World::new();
    let header = |object: u8, version| ObjectHeader {
        object: ObjectId::from_bytes([object; 16]),
        version,
        ..world.header.clone()
    };
    // The same length, so that only cryptography can tell; also the same object sealed twice.
    let mine = world.seal_as(&header(4, 5), &named("contract"), &content(500), 0);
    for theirs in [
        world.seal_as(&header(4, 5), &named("contract"), &content(500), 100),
        world.seal_as(&header(9, 5), &named("contract"), &content(500), 0),
        world.seal_as(&header(4, 6), &named("contract"), &content(500), 0),
        world.seal_as(&header(4, 5), &named("other"), &content(500), 0),
    ] {
        assert_eq!(mine.len(), theirs.len());
        let prelude = Prelude::parse(&mine).unwrap();
        let start = prelude.bytes().len();
        let metadata = start - 56 - prelude.sealed_metadata().len();
        let trailer = mine.len() - TRAILER;
        for (from, to) in [
            (0, start),
            (metadata, start - 56),
            (start - 56, start),
            (start, trailer),
            (start, mine.len()),
        ] {
            let mut mixed = mine.clone();
            mixed[from..to].copy_from_slice(&theirs[from..to]);
            if mixed != mine && mixed != theirs {
                assert!(world.open(&mixed).is_err(), "{from}..{to}");
            }
        }
    }
}

#[test]
fn what_was_not_asked_for_is_told_apart_and_what_was_relabelled_rejected() {
    let world = World::new();
    let object = world.seal(b"content");
    let other = [
        Expected {
            tenant: TenantId::from_bytes([9; 32]),
            ..world.expected
        },
        Expected {
            session: SessionId::from_bytes([9; 32]),
            ..world.expected
        },
        Expected {
            epoch: 4,
            ..world.expected
        },
        Expected {
            object: Some(ObjectId::from_bytes([9; 16])),
            ..world.expected
        },
        Expected {
            version: Some(6),
            ..world.expected
        },
    ];
    for expected in other {
        let opened = open_bytes::<AwsLcAes>(&world.seed, &expected, &world.alice.keys, &object);
        assert!(
            matches!(opened, Err(ObjectError::WrongContext)),
            "{expected:?}"
        );
    }
    // The server writes what was asked for over what is there.
    let relabel = |change: &dyn Fn(&mut ObjectHeader)| {
        let prelude = Prelude::parse(&object).unwrap();
        let mut header = prelude.header().clone();
        change(&mut header);
        let relabelled = Prelude::begin(&header, prelude.sealed_metadata())
            .unwrap()
            .with_stream_header(prelude.stream_header().unwrap());
        let rest = &object[prelude.bytes().len()..];
        let object = [relabelled.bytes(), rest].concat();
        let expected = Expected {
            tenant: header.tenant,
            session: header.session,
            epoch: header.epoch,
            object: Some(header.object),
            version: Some(header.version),
        };
        open_bytes::<AwsLcAes>(&world.seed, &expected, &world.alice.keys, &object)
    };
    let changes: [&dyn Fn(&mut ObjectHeader); 7] = [
        &|header| header.tenant = TenantId::from_bytes([9; 32]),
        &|header| header.session = SessionId::from_bytes([9; 32]),
        &|header| header.epoch = 4,
        &|header| header.object = ObjectId::from_bytes([9; 16]),
        &|header| header.version = 6,
        &|header| header.author = UserId::from_bytes([9; 32]),
        &|header| header.time = Timestamp::from_millis(1),
    ];
    for change in changes {
        assert!(matches!(relabel(change), Err(ObjectError::Rejected)));
    }
    let device = relabel(&|header| header.device = DeviceId::from_bytes([9; 32]));
    assert!(matches!(device, Err(ObjectError::BadAuthor)));
    for suite in [0, 2, 255] {
        let opened = relabel(&|header| header.suite = suite);
        assert!(matches!(opened, Err(ObjectError::OtherSuite(other)) if other == suite));
    }
    assert!(relabel(&|_| ()).is_ok());
}

#[test]
fn another_seed_or_device_opens_nothing() {
    let world = World::new();
    let object = world.seal(b"content");
    let seed = Secret::from_bytes([8; 32]);
    let opened = open_bytes::<AwsLcAes>(&seed, &world.expected, &world.alice.keys, &object);
    assert!(matches!(opened, Err(ObjectError::Rejected)));
    let bob = Author::new(2);
    let opened = open_bytes::<AwsLcAes>(&world.seed, &world.expected, &bob.keys, &object);
    assert!(matches!(opened, Err(ObjectError::BadAuthor)));
}

/// A member of the session, who has its key, keeps salt, commitment and prelude of another's object
/// and encrypts other text under them.
#[test]
fn a_reader_cannot_write_in_the_name_of_the_author() {
    let world = World::new();
    let bob = Author::new(2);
    let text = content(400);
    let object = world.seal(&content(500)[100..]);
    let prelude = Prelude::parse(&object).unwrap();
    let key = StreamKey::open(
        &world.header.key(&world.seed),
        prelude.stream_header().unwrap(),
        &prelude.body_context(),
    )
    .unwrap();
    let start = prelude.bytes().len();
    let trailer_at = object.len() - TRAILER;
    let trailer = Trailer::from_bytes(&object[trailer_at..]).unwrap();
    let frame =
        wardseal_protocol::object::Frame::with_sealed_len(0, trailer_at - start - LENGTH).unwrap();
    let mut sealed = vec![0; frame.sealed_len()];
    let engine = AwsLcAes::new(key.aes_key().expose());
    seal_frame(&engine, &key, &frame, &text, &mut sealed).unwrap();
    let leaves = [merkle::leaf_hash(&sealed)];
    let message = signed_message(prelude.hash(), &leaves, sealed.len() as u64);
    let forged_signature = *bob
        .signer
        .sign(label::OBJECT_SIGNATURE, &message)
        .as_bytes();
    for trailer in [
        trailer.clone(),
        Trailer::new(&leaves, *trailer.signature()),
        Trailer::new(&leaves, forged_signature),
    ] {
        let trailer = trailer.to_bytes().unwrap();
        let forged = [&object[..start + LENGTH], &sealed, &trailer].concat();
        assert!(matches!(world.open(&forged), Err(ObjectError::BadAuthor)));
        let (_, complete) = world.open_stream(&forged, 2);
        assert!(matches!(complete, Err(ObjectError::BadAuthor)));
        let ranged = world
            .range_reader(&forged)
            .and_then(|reader| read(&reader, &forged, 0..10));
        assert!(matches!(
            ranged,
            Err(ObjectError::BadAuthor | ObjectError::Rejected)
        ));
    }
    // The same bytes with a signature of the author's would open: nothing else was wrong with them.
    let signature = *world
        .alice
        .signer
        .sign(label::OBJECT_SIGNATURE, &message)
        .as_bytes();
    let trailer = Trailer::new(&leaves, signature).to_bytes().unwrap();
    let genuine = [&object[..start + LENGTH], &sealed, &trailer].concat();
    assert!(world.open(&genuine).unwrap().0 == text);
}

/// Lays frames out by hand, as a careless or malicious author could, and signs them.
fn handmade(
    world: &World,
    frames: &[(usize, Vec<u8>)],
    raw: impl Fn(usize, &mut Vec<u8>),
) -> Vec<u8> {
    let plan = SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    let engine = AwsLcAes::new(plan.key().aes_key().expose());
    let mut object = plan.prelude().to_vec();
    let mut leaves = Vec::new();
    let mut total = 0;
    for (index, (capacity, content)) in frames.iter().enumerate() {
        let frame =
            wardseal_protocol::object::Frame::with_capacity(index as u64, *capacity).unwrap();
        let mut plain = (content.len() as u32).to_be_bytes().to_vec();
        plain.extend(content);
        plain.resize(frame.plain_len(), 0);
        raw(index, &mut plain);
        let mut sealed = vec![0; frame.sealed_len()];
        for (number, range) in frame::chunks(&frame) {
            let at = (number - frame.first_chunk()) as usize * SEALED_CHUNK;
            let out = &mut sealed[at..at + range.len() + 16];
            engine
                .seal_into(&plan.key().chunk_nonce(number).unwrap(), &plain[range], out)
                .unwrap();
        }
        object.extend((sealed.len() as u32).to_be_bytes());
        leaves.push(merkle::leaf_hash(&sealed));
        total += sealed.len() as u64;
        object.extend(sealed);
    }
    let prelude = Prelude::parse(&object).unwrap();
    let message = signed_message(prelude.hash(), &leaves, total);
    let signature = *world
        .alice
        .signer
        .sign(label::OBJECT_SIGNATURE, &message)
        .as_bytes();
    object.extend(Trailer::new(&leaves, signature).to_bytes().unwrap());
    object
}

#[test]
fn there_is_only_one_padding() {
    let world = World::new();
    let full = content(FRAME_CONTENT);
    let refused = |frames: &[(usize, Vec<u8>)], raw: &dyn Fn(usize, &mut Vec<u8>)| {
        let object = handmade(&world, frames, raw);
        let all = [full.as_slice(), &full].concat();
        let (released, complete) = world.open_stream(&object, 1);
        assert!(all.starts_with(&released));
        assert!(
            matches!(complete, Err(ObjectError::Malformed)),
            "{complete:?}"
        );
        assert!(matches!(world.open(&object), Err(ObjectError::Malformed)));
    };
    let nothing = |_: usize, _: &mut Vec<u8>| ();
    let room = |len: usize| padding::padme(len as u64) as usize;
    // By hand as by the plan.
    let good = handmade(&world, &[(room(1001), full[..1001].to_vec())], nothing);
    assert!(world.open(&good).unwrap().0 == full[..1001]);
    // Too little, too much, none.
    refused(&[(room(1001) + 1, full[..1001].to_vec())], &nothing);
    refused(&[(1001, full[..1001].to_vec())], &nothing);
    // Not zeros: in a chunk with content, in a chunk without.
    refused(&[(room(1001), full[..1001].to_vec())], &|_, plain| {
        *plain.last_mut().unwrap() = 1;
    });
    refused(
        &[(FRAME_CONTENT, full[..1001].to_vec()), (5, vec![])],
        &|index, plain| {
            if index == 0 {
                plain[500_000] = 1;
            }
        },
    );
    // Content after its end; a length that the frame has no room for.
    refused(
        &[
            (FRAME_CONTENT, full[..1001].to_vec()),
            (5, full[1001..1006].to_vec()),
        ],
        &nothing,
    );
    refused(&[(1001, full[..1001].to_vec())], &|_, plain| plain[3] += 1);
    // Frames of nothing but padding beyond what the length asks for.
    refused(
        &[
            (FRAME_CONTENT, full.clone()),
            (FRAME_CONTENT, vec![]),
            (0, vec![]),
        ],
        &nothing,
    );
}

#[test]
fn the_size_depends_on_the_padded_length_only() {
    let world = World::new();
    for len in [1000, 100_000, 3_000_001, 9 * FRAME_CONTENT + 1] {
        let most = (len as u64..)
            .take_while(|other| padding::padme(*other) == padding::padme(len as u64))
            .last()
            .unwrap() as usize;
        let sizes = [len, most].map(|len| world.seal_stream(&content(len), 2).len());
        assert_eq!(sizes[0], sizes[1], "{len} and {most}");
        assert!(most > len);
    }
    let names = ["a", "a rather long name for a file.pdf"];
    let sizes = names.map(|name| world.seal_as(&world.header, &named(name), b"x", 0).len());
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn the_same_content_twice_has_nothing_in_common() {
    let world = World::new();
    let objects =
        [0, 1000].map(|rng| world.seal_as(&world.header, &named("a"), &content(5000), rng));
    let start = Prelude::parse(&objects[0]).unwrap().bytes().len() + LENGTH;
    let blocks: std::collections::HashSet<_> = objects[0][start..].windows(16).collect();
    let frame = &objects[1][start..objects[1].len() - TRAILER];
    assert!(frame.windows(16).all(|window| !blocks.contains(window)));
}
