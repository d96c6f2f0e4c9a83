//! RFC 9497 appendix A.1.2: VOPRF(ristretto255, SHA-512), the vectors of one input.
//!
//! Key derivation, evaluation and proof are reached through the public functions. The client's two
//! steps are reached below the framing of account and password, which the vectors do not have.

extern crate std;

use std::collections::VecDeque;

use rand_core::{TryCryptoRng, TryRng};

use super::*;

const SEED: [u8; 32] = [0xa3; 32];
const KEY_INFO: &[u8] = b"test key";
const PUBLIC: &str = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e";
const BLIND: &str = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706";
const PROOF_SCALAR: &str = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e";

struct Case {
    input: &'static str,
    blinded: &'static str,
    evaluated: &'static str,
    proof: &'static str,
    output: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        input: "00",
        blinded: "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
        evaluated: "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
        proof: "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06\
            6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
        output: "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d\
            a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    },
    Case {
        input: "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
        blinded: "cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",
        evaluated: "60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",
        proof: "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a\
            67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
        output: "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60\
            356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
    },
];

/// Hands out the given bytes. A scalar is drawn from 64 bytes reduced modulo the group order, so a
/// scalar of the RFC followed by 32 zero bytes comes out unchanged.
struct Scripted(VecDeque<u8>);

impl Scripted {
    fn scalar(hex: &str) -> Self {
        Self(unhex(hex).into_iter().chain([0; 32]).collect())
    }
}

impl TryRng for Scripted {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for byte in dst {
            *byte = self.0.pop_front().unwrap();
        }
        Ok(())
    }
}

impl TryCryptoRng for Scripted {}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn the_public_key_is_derived_as_the_rfc_says() {
    let public = account_public_key(&SEED, KEY_INFO).unwrap();
    assert_eq!(public.to_bytes().to_vec(), unhex(PUBLIC));
}

#[test]
fn evaluation_and_proof_match() {
    for case in &CASES {
        let mut rng = Scripted::scalar(PROOF_SCALAR);
        let response = evaluate(&SEED, KEY_INFO, &unhex(case.blinded), &mut rng).unwrap();
        assert_eq!(
            response,
            [unhex(case.evaluated), unhex(case.proof)].concat()
        );
    }
}

#[test]
fn blinding_and_output_match() {
    let public = OprfPublicKey::from_bytes(&unhex(PUBLIC)).unwrap();
    for case in &CASES {
        let input = unhex(case.input);
        let (client, request) = blind(&input, &mut Scripted::scalar(BLIND)).unwrap();
        assert_eq!(request, unhex(case.blinded));
        let response = [unhex(case.evaluated), unhex(case.proof)].concat();
        let output = finalize(&client, &input, &response, &public).unwrap();
        assert_eq!(output.to_vec(), unhex(case.output));
    }
}

#[test]
fn the_framing_separates_account_and_password() {
    let password = |text| Password::new(text).unwrap();
    let framed = frame(&password("secret"), b"id").unwrap();
    assert_eq!(framed.as_slice(), b"wardseal/v1/pwd-oprf-input\x02idsecret");
    assert_ne!(framed, frame(&password("dsecret"), b"i").unwrap());
}
