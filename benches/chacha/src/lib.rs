//! ChaCha20-Poly1305 in WebAssembly, for comparison. The product does not use it.

#![cfg(target_family = "wasm")]

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use wasm_bindgen::prelude::wasm_bindgen;

/// Encrypts `content` in chunks of 16 KiB, each with a tag, as a page that encrypts by WebAssembly
/// would: a copy in, a copy out.
///
/// # Panics
/// Never: keys and lengths are right.
#[wasm_bindgen]
#[must_use]
pub fn seal(key: &[u8], content: &[u8]) -> Vec<u8> {
    let Ok(cipher) = ChaCha20Poly1305::new_from_slice(key) else {
        return Vec::new();
    };
    let mut out = Vec::with_capacity(content.len() + (content.len() / 16_384 + 1) * 16);
    for (number, chunk) in (0_u64..).zip(content.chunks(16_384)) {
        let mut nonce = [0; 12];
        nonce
            .iter_mut()
            .zip(number.to_le_bytes())
            .for_each(|(byte, counter)| *byte = counter);
        let at = out.len();
        out.extend_from_slice(chunk);
        let sealed = out.get_mut(at..).unwrap_or_default();
        if let Ok(tag) = cipher.encrypt_inout_detached(&nonce.into(), b"", sealed.into()) {
            out.extend_from_slice(&tag);
        }
    }
    out
}
