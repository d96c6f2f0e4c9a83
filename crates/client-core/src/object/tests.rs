//! Attacks on objects, and that what is not attacked comes back.

use core::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;
use rand_core::{TryCryptoRng, TryRng};
use wardseal_crypto::{
    SUITE,
    aead::{Aes256Gcm, AwsLcAes, RustCryptoAes},
    chunked::{SEALED_CHUNK, StreamKey},
    hash, label, merkle, padding,
    secret::Secret,
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_protocol::{
    keys::{DeviceKeys, DeviceKind},
    object::{
        FRAME_CONTENT, FRAME_SEALED, LENGTH, Metadata, ObjectHeader, Prelude, Trailer,
        signed_message,
    },
};
use wardseal_types::{DeviceId, ObjectId, SessionId, TenantId, Timestamp, UserId};

use super::*;

const FULL: usize = LENGTH + FRAME_SEALED;
/// Bytes of the trailer of an object of one frame.
const TRAILER: usize = 103 + LENGTH;

/// A random source that repeats itself, so that a failure does too.
struct Rng(u64);

impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for part in out.chunks_mut(32) {
            self.0 += 1;
            let drawn = hash::sha256(&[&self.0.to_be_bytes()]);
            part.copy_from_slice(&drawn[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Rng {}

/// Somebody who writes objects.
struct Author {
    signer: Ed25519SigningKey,
    keys: DeviceKeys,
}

impl Author {
    fn new(number: u8) -> Self {
        let seed = Secret::from_bytes([number; 32]);
        let key = HybridSigningKey::from_seeds(&seed, &seed);
        let sign: [u8; 1984] = key.public().to_bytes().try_into().unwrap();
        Self {
            signer: key.ed25519().clone(),
            keys: DeviceKeys {
                kind: DeviceKind::Ordinary,
                sign: sign.into(),
                kem: [0; 1216].into(),
            },
        }
    }
}

struct World {
    seed: Secret<32>,
    alice: Author,
    header: ObjectHeader,
    expected: Expected,
}

impl World {
    fn new() -> Self {
        let alice = Author::new(1);
        let header = ObjectHeader {
            suite: SUITE,
            tenant: TenantId::from_bytes([1; 32]),
            session: SessionId::from_bytes([2; 32]),
            epoch: 3,
            object: ObjectId::from_bytes([4; 16]),
            version: 5,
            author: UserId::from_bytes([6; 32]),
            device: alice.keys.id(),
            time: Timestamp::from_millis(1_800_000_000_000),
            seen: None,
        };
        Self {
            seed: Secret::from_bytes([7; 32]),
            expected: Expected {
                tenant: header.tenant,
                session: header.session,
                epoch: header.epoch,
                object: Some(header.object),
                version: Some(header.version),
            },
            alice,
            header,
        }
    }

    fn seal(&self, content: &[u8]) -> Vec<u8> {
        self.seal_as(&self.header, &named("a.txt"), content, 0)
    }

    fn seal_as(
        &self,
        header: &ObjectHeader,
        metadata: &Metadata,
        content: &[u8],
        rng: u64,
    ) -> Vec<u8> {
        let mut rng = Rng(rng);
        let signer = &self.alice.signer;
        seal_bytes::<AwsLcAes>(&self.seed, header, metadata, signer, content, &mut rng).unwrap()
    }

    fn open(&self, object: &[u8]) -> Result<(Vec<u8>, Complete), ObjectError> {
        open_bytes::<AwsLcAes>(&self.seed, &self.expected, &self.alice.keys, object)
    }

    /// Seals without announcing a length.
    fn seal_stream(&self, content: &[u8], threads: usize) -> Vec<u8> {
        let plan = SealPlan::start(&self.seed, &self.header, &named("a.txt"), &mut Rng(9)).unwrap();
        let mut out = Vec::new();
        seal_stream::<AwsLcAes>(
            plan,
            &self.alice.signer,
            threads,
            content,
            &mut out,
            Watch::none(),
        )
        .unwrap();
        out
    }

    /// What was released before the end, and how it ended.
    fn open_stream(
        &self,
        object: &[u8],
        threads: usize,
    ) -> (Vec<u8>, Result<Complete, ObjectError>) {
        let mut released = Vec::new();
        let mut rest = object;
        let opened = read_prelude(&mut rest)
            .and_then(|prelude| {
                OpenPlan::start(&self.seed, prelude, &self.expected, &self.alice.keys)
            })
            .and_then(|plan| {
                open_stream::<AwsLcAes>(plan, threads, rest, &mut released, Watch::none())
            });
        (released, opened)
    }

    fn range_reader(&self, object: &[u8]) -> Result<RangeReader, ObjectError> {
        let len = object.len() as u64;
        let slice =
            |range: core::ops::Range<u64>| &object[range.start as usize..range.end as usize];
        let tail = slice(RangeReader::tail(len)?).try_into().unwrap();
        let trailer = slice(RangeReader::trailer(len, tail)?);
        RangeReader::start(
            &self.seed,
            Prelude::parse(object)?,
            trailer,
            len,
            &self.expected,
            &self.alice.keys,
        )
    }
}

fn named(name: &str) -> Metadata {
    Metadata {
        name: Some(name.into()),
        media_type: Some("text/plain".into()),
        content_len: None,
    }
}

/// Content in which no two places look alike.
fn content(len: usize) -> Vec<u8> {
    let mut content = vec![0; len];
    Rng(1 << 32).try_fill_bytes(&mut content).unwrap();
    content
}

fn read(
    reader: &RangeReader,
    object: &[u8],
    range: core::ops::Range<u64>,
) -> Result<Vec<u8>, ObjectError> {
    let engine: AwsLcAes = reader.engine();
    reader.read(&engine, range, |fetch| {
        Ok(object[fetch.start as usize..fetch.end as usize].to_vec())
    })
}

#[test]
fn every_length_comes_back_by_every_way() {
    let world = World::new();
    let chunk = 16_384 - LENGTH;
    let mut lengths = vec![0, 1, 2, 100, chunk - 1, chunk, chunk + 1];
    lengths.extend(FRAME_CONTENT - 1..=FRAME_CONTENT + 1);
    lengths.extend([
        2 * FRAME_CONTENT,
        2 * FRAME_CONTENT + 3,
        10 * FRAME_CONTENT - 7,
    ]);
    for len in lengths {
        let content = content(len);
        for object in [
            world.seal(&content),
            world.seal_stream(&content, 1),
            world.seal_stream(&content, 3),
        ] {
            let (opened, complete) = world.open(&object).unwrap();
            assert!(opened == content, "{len}");
            assert_eq!(complete.content_len(), len as u64);
            assert_eq!(complete.metadata().name.as_deref(), Some("a.txt"));
            assert_eq!(complete.header(), &world.header);
            for threads in [1, 2, 4] {
                let (released, complete) = world.open_stream(&object, threads);
                assert!(complete.is_ok() && released == content, "{len}");
            }
            let reader = world.range_reader(&object).unwrap();
            assert!(
                read(&reader, &object, 0..u64::MAX).unwrap() == content,
                "{len}"
            );
        }
    }
}

#[test]
fn streams_and_threads_give_the_same_bytes() {
    let world = World::new();
    let content = content(3 * FRAME_CONTENT);
    assert!(world.seal_stream(&content, 1) == world.seal_stream(&content, 2));
}

#[test]
fn jobs_of_a_host_give_the_same_bytes_as_threads() {
    let world = World::new();
    for len in [0, 5, 40_000, FRAME_CONTENT, 9 * FRAME_CONTENT + 1] {
        let content = content(len);
        let mut plan =
            SealPlan::start(&world.seed, &world.header, &named("a.txt"), &mut Rng(9)).unwrap();
        let engine = RustCryptoAes::new(plan.key().aes_key().expose());
        let mut object = plan.prelude().to_vec();
        let mut pieces = content.chunks(FRAME_CONTENT);
        let mut reports = Vec::new();
        while let Some(job) = plan.job(pieces.next().unwrap_or_default()).unwrap() {
            let mut sealed = vec![0; job.frame.sealed_len()];
            for chunk in job.chunks.iter().rev() {
                engine
                    .seal_into(
                        &chunk.nonce,
                        &job.plaintext[chunk.plain.clone()],
                        &mut sealed[chunk.sealed.clone()],
                    )
                    .unwrap();
            }
            object.extend((sealed.len() as u32).to_be_bytes());
            object.extend(&sealed);
            reports.push((job.frame, merkle::leaf_hash(&sealed)));
        }
        for (frame, leaf) in reports.into_iter().rev() {
            plan.sealed(&frame, leaf).unwrap();
        }
        object.extend(plan.finish(&world.alice.signer).unwrap());
        assert!(object == world.seal_stream(&content, 1), "{len}");

        let prelude = Prelude::parse(&object).unwrap();
        let mut rest = &object[prelude.bytes().len()..];
        let mut plan =
            OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
        let mut opened: Vec<u8> = Vec::new();
        loop {
            let sealed_len = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            let job = plan.job(sealed_len).unwrap();
            let sealed = &rest[4..4 + sealed_len];
            let mut plain = vec![0; job.frame.plain_len()];
            for chunk in &job.chunks {
                engine
                    .open_into(
                        &chunk.nonce,
                        &sealed[chunk.sealed.clone()],
                        &mut plain[chunk.plain.clone()],
                    )
                    .unwrap();
            }
            let leaf = merkle::leaf_hash(sealed);
            opened.extend(plan.job_done(&job.frame, leaf, &plain).unwrap());
            rest = &rest[4 + sealed_len..];
            if job.frame.is_last() {
                break;
            }
        }
        assert!(plan.finish(rest).is_ok() && opened == content, "{len}");
    }
}

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
        *plain.last_mut().unwrap() = 1
    });
    refused(
        &[(FRAME_CONTENT, full[..1001].to_vec()), (5, vec![])],
        &|index, plain| {
            if index == 0 {
                plain[500_000] = 1
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

#[test]
fn the_announced_length_is_kept() {
    let world = World::new();
    let announced = |content_len| Metadata {
        content_len: Some(content_len),
        ..named("a")
    };
    for (said, len, fits) in [(5, 5, true), (5, 4, false), (5, 6, false), (0, 0, true)] {
        let plan =
            SealPlan::start(&world.seed, &world.header, &announced(said), &mut Rng(0)).unwrap();
        let sealed = seal_stream::<AwsLcAes>(
            plan,
            &world.alice.signer,
            1,
            &content(len)[..],
            std::io::sink(),
            Watch::none(),
        );
        match sealed {
            Ok(()) => assert!(fits),
            Err(ObjectError::WrongLength) => assert!(!fits),
            Err(error) => panic!("{error}"),
        }
    }
    // An author who lies about it.
    let mut plan =
        SealPlan::start(&world.seed, &world.header, &announced(600), &mut Rng(0)).unwrap();
    let engine = AwsLcAes::new(plan.key().aes_key().expose());
    let frame = plan.lay(600).unwrap().unwrap();
    let mut sealed = vec![0; frame.sealed_len()];
    // padme(595) = padme(600), so nothing but the length is wrong.
    assert_eq!(padding::padme(595), padding::padme(600));
    seal_frame(&engine, plan.key(), &frame, &content(595), &mut sealed).unwrap();
    plan.sealed(&frame, merkle::leaf_hash(&sealed)).unwrap();
    let mut object = plan.prelude().to_vec();
    object.extend((sealed.len() as u32).to_be_bytes());
    object.extend(&sealed);
    object.extend(plan.finish(&world.alice.signer).unwrap());
    assert!(matches!(world.open(&object), Err(ObjectError::WrongLength)));
    let reader = world.range_reader(&object).unwrap();
    assert!(matches!(
        read(&reader, &object, 0..600),
        Err(ObjectError::WrongLength)
    ));
}

#[test]
fn plans_refuse_another_order() {
    let world = World::new();
    let start = || SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    let mut plan = start();
    assert!(matches!(
        plan.lay(FRAME_CONTENT + 1),
        Err(ObjectError::WrongLength)
    ));
    let first = plan.lay(10).unwrap().unwrap();
    assert!(matches!(plan.lay(1), Err(ObjectError::OutOfOrder)));
    assert!(plan.lay(0).unwrap().is_none());
    plan.sealed(&first, [0; 32]).unwrap();
    assert!(matches!(
        plan.sealed(&first, [0; 32]),
        Err(ObjectError::OutOfOrder)
    ));
    assert!(plan.finish(&world.alice.signer).is_ok());
    let mut plan = start();
    plan.lay(10).unwrap();
    assert!(matches!(
        plan.finish(&world.alice.signer),
        Err(ObjectError::OutOfOrder)
    ));
    assert!(matches!(
        start().finish(&world.alice.signer),
        Err(ObjectError::OutOfOrder)
    ));
    let other = ObjectHeader {
        suite: 2,
        ..world.header.clone()
    };
    let plan = SealPlan::start(&world.seed, &other, &named("a"), &mut Rng(0));
    assert!(matches!(plan, Err(ObjectError::OtherSuite(2))));

    let object = world.seal(b"content");
    let prelude = Prelude::parse(&object).unwrap();
    let open = || {
        OpenPlan::start(
            &world.seed,
            prelude.clone(),
            &world.expected,
            &world.alice.keys,
        )
        .unwrap()
    };
    let mut plan = open();
    let first = plan.frame(FRAME_SEALED).unwrap();
    let second = plan.frame(100).unwrap();
    assert!(matches!(plan.frame(100), Err(ObjectError::OutOfOrder)));
    assert!(matches!(
        plan.opened(&second, [0; 32], 0),
        Err(ObjectError::OutOfOrder)
    ));
    // It does not recover.
    assert!(matches!(
        plan.opened(&first, [0; 32], 0),
        Err(ObjectError::OutOfOrder)
    ));
    assert!(matches!(open().finish(&[]), Err(ObjectError::Truncated)));
}

#[test]
fn ranges_are_what_the_whole_has_there() {
    let world = World::new();
    let all = content(3 * FRAME_CONTENT + 12_345);
    let len = all.len() as u64;
    let frame = FRAME_CONTENT as u64;
    for object in [world.seal(&all), world.seal_stream(&all, 2)] {
        let reader = world.range_reader(&object).unwrap();
        assert!(reader.content_limit() >= len);
        let edges = [
            0,
            1,
            frame - 1,
            frame,
            frame + 1,
            2 * frame,
            len - 1,
            len,
            len + 9,
            u64::MAX,
        ];
        for start in edges {
            for end in edges {
                let expected = all
                    .get(start.min(len) as usize..end.min(len) as usize)
                    .unwrap_or_default();
                let read = read(&reader, &object, start..end).unwrap();
                assert!(read == expected, "{start}..{end}");
            }
        }
        // Nothing but the frames that are touched.
        let plan = reader.plan(frame - 1..frame + 1).unwrap();
        assert_eq!(
            plan.iter()
                .map(|fetch| fetch.frame.index())
                .collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(plan[1].fetch.end - plan[0].fetch.start, 2 * FULL as u64);
        assert_eq!(reader.plan(frame..frame + 1).unwrap().len(), 1);
        assert_eq!(reader.plan(len + 1_000_000..u64::MAX).unwrap(), []);
    }
}

#[test]
fn a_range_reader_refuses_other_bytes_and_another_size() {
    let world = World::new();
    let all = content(2 * FRAME_CONTENT);
    let object = world.seal(&all);
    let reader = world.range_reader(&object).unwrap();
    let engine: AwsLcAes = reader.engine();
    let plan = reader.plan(0..u64::MAX).unwrap();
    let fetched = |number: usize| {
        let fetch = &plan[number].fetch;
        object[fetch.start as usize..fetch.end as usize].to_vec()
    };
    let mut out = b"before".to_vec();
    let mut open =
        |number: usize, bytes: &[u8]| reader.open(&engine, &plan[number], bytes, &mut out);
    assert!(matches!(open(0, &fetched(1)), Err(ObjectError::Rejected)));
    for at in [0, 3, 4, 1000, FULL - 1] {
        let mut changed = fetched(0);
        changed[at] ^= 1;
        assert!(
            matches!(open(0, &changed), Err(ObjectError::Rejected)),
            "{at}"
        );
        assert!(
            matches!(open(0, &fetched(0)[..at]), Err(ObjectError::Truncated)),
            "{at}"
        );
    }
    assert_eq!(out, b"before");
    let trailer_len = u32::from_be_bytes(*object.last_chunk().unwrap()) as usize + 4;
    let start = |len: u64| {
        RangeReader::start(
            &world.seed,
            Prelude::parse(&object).unwrap(),
            &object[object.len() - trailer_len..],
            len,
            &world.expected,
            &world.alice.keys,
        )
    };
    let len = object.len() as u64;
    assert!(start(len).is_ok());
    for other in [0, 100, len - 1, len + 1, len + FULL as u64] {
        assert!(start(other).is_err(), "{other}");
    }
    assert!(RangeReader::tail(3).is_err());
    assert!(matches!(
        RangeReader::trailer(1000, [0xff; 4]),
        Err(ObjectError::TooLarge)
    ));
    assert!(matches!(
        RangeReader::trailer(1000, [0, 0, 4, 0]),
        Err(ObjectError::Truncated)
    ));
}

#[test]
fn a_stream_tells_its_progress_and_stops_when_told() {
    let world = World::new();
    let all = content(3 * FRAME_CONTENT);
    let told = AtomicU64::new(0);
    let cancel = AtomicBool::new(false);
    let stop_after = |bytes: u64| {
        let told = &told;
        let cancel = &cancel;
        move |total: u64| {
            told.store(total, Ordering::Relaxed);
            cancel.store(total >= bytes, Ordering::Relaxed);
        }
    };
    for threads in [1, 2] {
        for (bytes, cancelled) in [(u64::MAX, false), (1, true)] {
            cancel.store(false, Ordering::Relaxed);
            let watch = Watch {
                progress: &stop_after(bytes),
                cancel: &cancel,
            };
            let plan =
                SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
            let mut object = Vec::new();
            let sealed = seal_stream::<AwsLcAes>(
                plan,
                &world.alice.signer,
                threads,
                &all[..],
                &mut object,
                watch,
            );
            assert_eq!(matches!(sealed, Err(ObjectError::Cancelled)), cancelled);
            assert_eq!(told.load(Ordering::Relaxed) == all.len() as u64, !cancelled);
            assert_eq!(world.open(&object).is_ok(), !cancelled);

            let object = world.seal(&all);
            cancel.store(false, Ordering::Relaxed);
            let mut rest = &object[..];
            let prelude = read_prelude(&mut rest).unwrap();
            let plan =
                OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
            let opened = open_stream::<AwsLcAes>(plan, threads, rest, std::io::sink(), watch);
            assert_eq!(matches!(opened, Err(ObjectError::Cancelled)), cancelled);
            assert_eq!(told.load(Ordering::Relaxed) == all.len() as u64, !cancelled);
        }
    }
}

/// Fails after some bytes, and otherwise gives and takes few bytes at a time.
struct Flaky {
    left: usize,
}

impl std::io::Write for Flaky {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.left).min(70_000);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Read for Flaky {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let len = out.len();
        std::io::Write::write(self, &vec![0; len])
    }
}

#[test]
fn a_failing_disk_is_reported_and_nobody_waits_for_ever() {
    let world = World::new();
    let all = content(4 * FRAME_CONTENT);
    let object = world.seal(&all);
    let plan = || SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    for threads in [1, 2, 4] {
        for left in [0, 500, 1_500_000, 3_000_000] {
            let signer = &world.alice.signer;
            let sealed = seal_stream::<AwsLcAes>(
                plan(),
                signer,
                threads,
                &all[..],
                Flaky { left },
                Watch::none(),
            );
            assert!(matches!(sealed, Err(ObjectError::Io(_))), "{left}");
            let sealed = seal_stream::<AwsLcAes>(
                plan(),
                signer,
                threads,
                Flaky { left },
                std::io::sink(),
                Watch::none(),
            );
            assert!(matches!(sealed, Err(ObjectError::Io(_))), "{left}");
            let mut rest = &object[..];
            let prelude = read_prelude(&mut rest).unwrap();
            let plan =
                OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
            let opened =
                open_stream::<AwsLcAes>(plan, threads, rest, Flaky { left }, Watch::none());
            assert!(matches!(opened, Err(ObjectError::Io(_))), "{left}");
        }
    }
}

#[test]
fn a_progress_that_panics_does_not_leave_threads_behind() {
    let world = World::new();
    let all = content(4 * FRAME_CONTENT);
    let plan = SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    let cancel = AtomicBool::new(false);
    let watch = Watch {
        progress: &|_| panic!("as planned"),
        cancel: &cancel,
    };
    let run = std::panic::AssertUnwindSafe(|| {
        seal_stream::<AwsLcAes>(
            plan,
            &world.alice.signer,
            3,
            &all[..],
            std::io::sink(),
            watch,
        )
    });
    assert!(std::panic::catch_unwind(run).is_err());
}

#[test]
fn a_prelude_is_read_and_nothing_after_it() {
    let world = World::new();
    let object = world.seal(b"content");
    let mut rest = &object[..];
    let prelude = read_prelude(&mut rest).unwrap();
    assert_eq!(prelude.bytes().len() + rest.len(), object.len());
    for cut in 0..prelude.bytes().len() {
        let read = read_prelude(&object[..cut]);
        assert!(matches!(read, Err(ObjectError::Truncated)), "{cut}");
    }
    assert!(matches!(
        read_prelude(&b"%PDF-1.7"[..]),
        Err(ObjectError::NotOurs)
    ));
}

#[test]
fn another_engine_gives_the_same_bytes() {
    let world = World::new();
    let all = content(70_000);
    let signer = &world.alice.signer;
    let sealed = seal_bytes::<RustCryptoAes>(
        &world.seed,
        &world.header,
        &named("a.txt"),
        signer,
        &all,
        &mut Rng(0),
    )
    .unwrap();
    assert!(sealed == world.seal(&all));
    let opened =
        open_bytes::<RustCryptoAes>(&world.seed, &world.expected, &world.alice.keys, &sealed);
    assert!(opened.unwrap().0 == all);
}
