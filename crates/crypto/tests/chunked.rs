//! Chunked encryption: every way to damage a message, engines against each other, streams against whole messages.
#![expect(clippy::unwrap_used, reason = "helper functions of tests")]

mod common;

use common::Seeded;
use proptest::prelude::*;
use wardseal_crypto::{
    CryptoError,
    aead::{Aes256Gcm, DefaultAes, RustCryptoAes},
    chunked::{
        self, CHUNK, HEADER, MAX_CHUNKS, SEALED_CHUNK, StreamKey, StreamOpener, StreamSealer, TAG,
        ciphertext_len, open_chunk, open_final, open_range, plaintext_len, seal_chunk, seal_final,
        seal_range,
    },
    label,
    secret::Secret,
};

fn key() -> Secret<32> {
    Secret::from_bytes([7; 32])
}

/// Bytes that differ from chunk to chunk.
fn plaintext(len: usize) -> Vec<u8> {
    (0u32..)
        .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .take(len)
        .collect()
}

fn seal(plaintext: &[u8]) -> Vec<u8> {
    chunked::seal(
        &key(),
        label::OBJECT_BODY,
        b"ctx",
        plaintext,
        &mut Seeded::new(1),
    )
    .unwrap()
}

fn open(sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    chunked::open(&key(), label::OBJECT_BODY, b"ctx", sealed)
        .map(|plaintext| plaintext.expose().to_vec())
}

/// Opens chunk by chunk: what was released, and whether the end was reached.
fn stream<A: Aes256Gcm>(sealed: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let Some((header, body)) = sealed.split_first_chunk() else {
        return (out, false);
    };
    let Ok(stream_key) = StreamKey::open(&key(), header, &label::OBJECT_BODY.frame(b"ctx")) else {
        return (out, false);
    };
    let mut opener = StreamOpener::<A>::new(stream_key);
    let chunks = body.chunks_exact(SEALED_CHUNK);
    let last = chunks.remainder();
    for chunk in chunks {
        if opener.push(chunk, &mut out).is_err() {
            return (out, false);
        }
    }
    let complete = opener.finish(last, &mut out).is_ok();
    (out, complete)
}

/// A damaged message: rejected whole, and as a stream it releases a true beginning and no end.
fn assert_rejected(sealed: &[u8], original: &[u8], what: &str) {
    assert_eq!(open(sealed), Err(CryptoError::Rejected), "{what}");
    let (released, complete) = stream::<DefaultAes>(sealed);
    assert!(!complete, "{what}: a damaged stream has no end");
    assert!(
        original.starts_with(&released),
        "{what}: what was released is not the beginning"
    );
    assert!(
        released.len().is_multiple_of(CHUNK),
        "{what}: part of a chunk was released"
    );
}

/// Three whole chunks and a short one, in pieces.
fn pieces() -> (Vec<u8>, Vec<u8>, Vec<Vec<u8>>) {
    let plain = plaintext(3 * CHUNK + 100);
    let sealed = seal(&plain);
    let (header, body) = sealed.split_at(HEADER);
    (
        plain,
        header.to_vec(),
        body.chunks(SEALED_CHUNK).map(<[u8]>::to_vec).collect(),
    )
}

#[test]
fn lengths_around_the_chunk_open_again() {
    for len in [
        0,
        1,
        15,
        16,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK - 1,
        2 * CHUNK,
        3 * CHUNK + 5,
    ] {
        let plain = plaintext(len);
        let sealed = seal(&plain);
        let on_disk = u64::try_from(sealed.len()).unwrap();
        assert_eq!(ciphertext_len(u64::try_from(len).unwrap()), Ok(on_disk));
        assert_eq!(plaintext_len(on_disk), Ok(u64::try_from(len).unwrap()));
        assert_eq!(open(&sealed).unwrap(), plain);
        assert_eq!(stream::<DefaultAes>(&sealed), (plain.clone(), true));
        assert_eq!(stream::<RustCryptoAes>(&sealed), (plain, true));
    }
}

#[test]
fn key_label_and_context_are_bound() {
    let sealed = seal(b"x");
    let other = Secret::from_bytes([8; 32]);
    for opened in [
        chunked::open(&other, label::OBJECT_BODY, b"ctx", &sealed),
        chunked::open(&key(), label::OBJECT_META, b"ctx", &sealed),
        chunked::open(&key(), label::OBJECT_BODY, b"ctx2", &sealed),
        chunked::open(&key(), label::OBJECT_BODY, b"", &sealed),
    ] {
        assert_eq!(opened.unwrap_err(), CryptoError::Rejected);
    }
}

#[test]
fn a_message_cut_anywhere_near_a_boundary_is_rejected() {
    let plain = plaintext(3 * CHUNK);
    let sealed = seal(&plain);
    let mut cuts: Vec<usize> = (0..HEADER + TAG + 2).collect();
    for boundary in (1..=3).map(|chunk| HEADER + chunk * SEALED_CHUNK) {
        cuts.extend(boundary - TAG - 2..boundary + TAG + 2);
    }
    for cut in cuts.into_iter().filter(|cut| *cut < sealed.len()) {
        assert_rejected(&sealed[..cut], &plain, &format!("cut to {cut}"));
    }
}

#[test]
fn chunks_swapped_doubled_or_dropped_are_rejected() {
    let (plain, header, chunks) = pieces();
    let join = |order: &[usize]| {
        let mut sealed = header.clone();
        order
            .iter()
            .for_each(|at| sealed.extend_from_slice(&chunks[*at]));
        sealed
    };
    assert_eq!(open(&join(&[0, 1, 2, 3])).unwrap(), plain);
    for order in [
        &[1, 0, 2, 3][..],
        &[0, 2, 1, 3],
        &[0, 0, 2, 3],
        &[0, 1, 1, 2, 3],
        &[1, 2, 3],
        &[0, 2, 3],
        &[0, 1, 3],
        &[0, 1, 2],
        &[0, 1, 2, 2],
        &[0, 1, 2, 3, 3],
        &[3],
        &[],
    ] {
        assert_rejected(&join(order), &plain, &format!("order {order:?}"));
    }
}

#[test]
fn chunks_of_another_message_are_rejected() {
    let (plain, header, chunks) = pieces();
    let sealed = chunked::seal(
        &key(),
        label::OBJECT_BODY,
        b"ctx",
        &plain,
        &mut Seeded::new(2),
    )
    .unwrap();
    let foreign = &sealed[HEADER..][..SEALED_CHUNK];
    assert_rejected(
        &[&header, foreign, &chunks[1], &chunks[2], &chunks[3]].concat(),
        &plain,
        "foreign first chunk",
    );
    assert_rejected(
        &[&sealed[..HEADER], &chunks.concat()].concat(),
        &plain,
        "foreign header",
    );
}

#[test]
fn a_rejected_stream_stays_rejected_and_releases_nothing_more() {
    let (_, _, chunks) = pieces();
    let sealed = seal(&plaintext(3 * CHUNK + 100));
    let (header, _) = sealed.split_first_chunk().unwrap();
    let stream_key = StreamKey::open(&key(), header, &label::OBJECT_BODY.frame(b"ctx")).unwrap();
    let mut opener = StreamOpener::<DefaultAes>::new(stream_key);
    let mut out = b"before".to_vec();
    assert_eq!(
        opener.push(&chunks[0][1..], &mut out),
        Err(CryptoError::InvalidLength),
        "not whole chunks"
    );
    opener.push(&chunks[0], &mut out).unwrap();
    let released = out.clone();
    // The first of two chunks is good, but the call fails as one.
    let mut pair = [chunks[1].clone(), chunks[2].clone()].concat();
    *pair.last_mut().unwrap() ^= 1;
    assert_eq!(opener.push(&pair, &mut out), Err(CryptoError::Rejected));
    assert_eq!(
        opener.push(&chunks[1], &mut out),
        Err(CryptoError::Rejected),
        "even the right chunk"
    );
    assert_eq!(
        opener.finish(&chunks[3], &mut out),
        Err(CryptoError::Rejected)
    );
    assert_eq!(out, released);
}

#[test]
fn a_streamed_message_is_the_whole_message() {
    let plain = plaintext(5 * CHUNK + 9);
    let stream_key = || StreamKey::derive(&key(), &[3; 24], b"raw context");
    let whole = chunked::seal_message::<DefaultAes>(&stream_key(), &plain).unwrap();

    let mut sealer = StreamSealer::<RustCryptoAes>::new(stream_key());
    let mut out = sealer.header().to_vec();
    sealer.push(&plain[..2 * CHUNK], &mut out).unwrap();
    sealer.push(&[], &mut out).unwrap();
    let before = out.clone();
    assert_eq!(
        sealer.push(&plain[..CHUNK - 1], &mut out),
        Err(CryptoError::InvalidLength)
    );
    assert_eq!(out, before);
    sealer.push(&plain[2 * CHUNK..5 * CHUNK], &mut out).unwrap();
    let complete = sealer.finish(&plain[5 * CHUNK..], &mut out).unwrap();
    assert_eq!(
        complete.plaintext_len(),
        u64::try_from(plain.len()).unwrap()
    );
    assert_eq!(out, whole);
    assert_eq!(
        chunked::open_with_context(&key(), b"raw context", &whole)
            .unwrap()
            .expose(),
        plain
    );

    let sealer = StreamSealer::<DefaultAes>::new(stream_key());
    assert_eq!(
        sealer.finish(&plain[..CHUNK], &mut out),
        Err(CryptoError::InvalidLength),
        "a whole chunk is no end"
    );
    assert_eq!(out, whole);
}

#[test]
fn ranges_are_the_same_chunks_in_any_order() {
    let plain = plaintext(4 * CHUNK + 1);
    let stream_key = StreamKey::derive(&key(), &[3; 24], b"");
    let whole = chunked::seal_message::<DefaultAes>(&stream_key, &plain).unwrap();
    let engine = DefaultAes::new(stream_key.aes_key().expose());
    let mut body = vec![0; whole.len() - HEADER];
    let (first, rest) = body.split_at_mut(SEALED_CHUNK);
    let (middle, last) = rest.split_at_mut(3 * SEALED_CHUNK);
    seal_final(&engine, &stream_key, 4, &plain[4 * CHUNK..], last).unwrap();
    seal_range(&engine, &stream_key, 1, &plain[CHUNK..4 * CHUNK], middle).unwrap();
    seal_chunk(&engine, &stream_key, 0, &plain[..CHUNK], first).unwrap();
    assert_eq!(body, whole[HEADER..]);

    let mut out = vec![0; 2 * CHUNK];
    open_range(
        &engine,
        &stream_key,
        2,
        &body[2 * SEALED_CHUNK..4 * SEALED_CHUNK],
        &mut out,
    )
    .unwrap();
    assert_eq!(out, plain[2 * CHUNK..4 * CHUNK]);
    let mut end = [0];
    open_final(&engine, &stream_key, 4, &body[4 * SEALED_CHUNK..], &mut end).unwrap();
    assert_eq!(end, plain[4 * CHUNK..]);

    // A wrong place leaves zeros, a whole chunk is no end, and lengths must fit.
    let two = &body[2 * SEALED_CHUNK..4 * SEALED_CHUNK];
    assert_eq!(
        open_range(&engine, &stream_key, 1, two, &mut out),
        Err(CryptoError::Rejected)
    );
    assert!(out.iter().all(|byte| *byte == 0));
    let mut chunk = vec![0; CHUNK];
    assert_eq!(
        open_final(&engine, &stream_key, 0, &body[..SEALED_CHUNK], &mut chunk),
        Err(CryptoError::Rejected)
    );
    open_chunk(&engine, &stream_key, 0, &body[..SEALED_CHUNK], &mut chunk).unwrap();
    assert_eq!(
        open_range(&engine, &stream_key, 2, &two[1..], &mut out),
        Err(CryptoError::InvalidLength)
    );
    assert_eq!(
        open_range(&engine, &stream_key, 2, two, &mut out[1..]),
        Err(CryptoError::InvalidLength)
    );
    assert_eq!(
        open_range(&engine, &stream_key, 2, two, &mut chunk),
        Err(CryptoError::InvalidLength)
    );
    let mut short = [0; 17];
    assert_eq!(
        seal_chunk(&engine, &stream_key, 0, b"xx", &mut short),
        Err(CryptoError::InvalidLength)
    );
    let mut long = vec![0; SEALED_CHUNK + 1];
    let too_long = plaintext(CHUNK + 1);
    assert_eq!(
        seal_chunk(&engine, &stream_key, 0, &too_long, &mut long),
        Err(CryptoError::InvalidLength)
    );
}

#[test]
fn nonces_count_up_to_the_limit() {
    let stream_key = StreamKey::derive(&key(), &[3; 24], b"");
    assert_eq!(&stream_key.chunk_nonce(0).unwrap(), stream_key.base_nonce());
    let nonce = stream_key.chunk_nonce(0x01_0203).unwrap();
    let difference: Vec<u8> = nonce
        .iter()
        .zip(stream_key.base_nonce())
        .map(|(a, b)| a ^ b)
        .collect();
    assert_eq!(difference, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    stream_key.chunk_nonce(MAX_CHUNKS - 1).unwrap();
    assert_eq!(
        stream_key.chunk_nonce(MAX_CHUNKS),
        Err(CryptoError::InvalidLength)
    );
    assert_eq!(
        stream_key.chunk_nonce(u64::MAX),
        Err(CryptoError::InvalidLength)
    );
}

#[test]
fn lengths_that_no_message_has_are_refused() {
    let chunk = u64::try_from(SEALED_CHUNK).unwrap();
    for wrong in [0, 55, 56, 71, 56 + chunk, 56 + chunk + 15, 56 + 2 * chunk] {
        assert_eq!(
            plaintext_len(wrong),
            Err(CryptoError::InvalidLength),
            "{wrong}"
        );
    }
    let largest = (1 << 52) - 1;
    assert_eq!(plaintext_len(ciphertext_len(largest).unwrap()), Ok(largest));
    assert_eq!(ciphertext_len(largest + 1), Err(CryptoError::InvalidLength));
    assert_eq!(
        plaintext_len(ciphertext_len(largest).unwrap() + 17),
        Err(CryptoError::InvalidLength)
    );
    assert_eq!(plaintext_len(u64::MAX), Err(CryptoError::InvalidLength));
}

#[test]
fn headers_hold_salt_and_commitment() {
    let stream_key = StreamKey::generate(&key(), b"ctx", &mut Seeded::new(4)).unwrap();
    let header = stream_key.header();
    assert_eq!(&header[..24], stream_key.salt());
    assert_eq!(&header[24..], stream_key.commitment());
    let opened = StreamKey::open(&key(), &header, b"ctx").unwrap();
    assert!(opened.aes_key().ct_eq(stream_key.aes_key()));
    for at in 0..HEADER {
        let mut changed = header;
        changed[at] ^= 0x80;
        assert_eq!(
            StreamKey::open(&key(), &changed, b"ctx").unwrap_err(),
            CryptoError::Rejected,
            "byte {at}"
        );
    }
}

#[test]
fn two_messages_share_nothing() {
    let rng = &mut Seeded::new(5);
    let a = chunked::seal(&key(), label::OBJECT_BODY, b"", b"same", rng).unwrap();
    let b = chunked::seal(&key(), label::OBJECT_BODY, b"", b"same", rng).unwrap();
    assert_ne!(a[..24], b[..24]);
    assert_ne!(a[HEADER..], b[HEADER..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn engines_give_the_same_bytes(
        key: [u8; 32],
        nonce: [u8; 12],
        data in prop::collection::vec(any::<u8>(), 0..600),
        flip in any::<prop::sample::Index>(),
    ) {
        let (native, portable) = (DefaultAes::new(&key), RustCryptoAes::new(&key));
        let mut a = vec![0; data.len() + TAG];
        let mut b = a.clone();
        native.seal_into(&nonce, &data, &mut a).unwrap();
        portable.seal_into(&nonce, &data, &mut b).unwrap();
        prop_assert_eq!(&a, &b);
        let (mut in_place, mut in_place_portable) = (data.clone(), data.clone());
        let tag = native.seal_in_place(&nonce, &mut in_place).unwrap();
        prop_assert_eq!(tag, portable.seal_in_place(&nonce, &mut in_place_portable).unwrap());
        prop_assert_eq!([in_place.as_slice(), &tag].concat(), a.clone());
        prop_assert_eq!(&in_place, &in_place_portable);

        // Each opens what the other sealed.
        let mut opened = vec![0; data.len()];
        native.open_into(&nonce, &b, &mut opened).unwrap();
        prop_assert_eq!(&opened, &data);
        portable.open_in_place(&nonce, &mut in_place, &tag).unwrap();
        prop_assert_eq!(&in_place, &data);
        native.open_in_place(&nonce, &mut in_place_portable, &tag).unwrap();
        prop_assert_eq!(&in_place_portable, &data);

        // Both refuse what was changed, and leave zeros.
        let at = flip.index(a.len());
        a[at] ^= 1;
        let (body, tag) = a.split_last_chunk().unwrap();
        for refused in [native.open_into(&nonce, &a, &mut opened), portable.open_into(&nonce, &a, &mut opened)] {
            prop_assert_eq!(refused, Err(CryptoError::Rejected));
            prop_assert!(opened.iter().all(|byte| *byte == 0));
        }
        let (mut x, mut y) = (body.to_vec(), body.to_vec());
        prop_assert_eq!(native.open_in_place(&nonce, &mut x, tag), Err(CryptoError::Rejected));
        prop_assert_eq!(portable.open_in_place(&nonce, &mut y, tag), Err(CryptoError::Rejected));
        prop_assert!(x.iter().chain(&y).all(|byte| *byte == 0));

        // Neither accepts an output of the wrong length.
        let mut wrong = vec![0; data.len() + TAG + 1];
        prop_assert_eq!(native.seal_into(&nonce, &data, &mut wrong), Err(CryptoError::InvalidLength));
        prop_assert_eq!(portable.seal_into(&nonce, &data, &mut wrong), Err(CryptoError::InvalidLength));
        prop_assert_eq!(native.open_into(&nonce, &b, &mut wrong), Err(CryptoError::InvalidLength));
        prop_assert_eq!(portable.open_into(&nonce, &b, &mut wrong), Err(CryptoError::InvalidLength));
    }

    #[test]
    fn any_changed_byte_is_rejected(len in 0usize..3 * CHUNK, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let plain = plaintext(len);
        let mut sealed = seal(&plain);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        assert_rejected(&sealed, &plain, &format!("byte {at}"));
    }

    #[test]
    fn any_cut_or_addition_is_rejected(len in 0usize..3 * CHUNK, to in any::<prop::sample::Index>(), more in 1usize..40) {
        let plain = plaintext(len);
        let sealed = seal(&plain);
        assert_rejected(&sealed[..to.index(sealed.len())], &plain, "cut");
        assert_rejected(&[sealed, vec![0; more]].concat(), &plain, "lengthened");
    }
}
