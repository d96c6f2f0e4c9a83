//! A password that was typed, through all its steps.

use getrandom::SysRng;
use js_sys::Uint8Array;
use rand_core::UnwrapErr;
use wardseal_password::{
    ksf::KsfParams,
    opaque::{Identities, Login, Registration, ServerPublicKey},
    oprf::{Blind, HardenedPassword, OprfPublicKey},
    password::Password,
    strength::check_strength,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::refusals::{evaluation, misused, opaque, record, refused, weak};

type Outcome<T> = Result<T, JsValue>;

/// Refuses a password that is too easy to guess, or contains something of what is known about the
/// person.
///
/// # Errors
/// Codes `password_refused`, `weak_password`.
#[wasm_bindgen(js_name = checkStrength)]
pub fn check(typed: &str, forbidden: Vec<String>) -> Outcome<()> {
    let password = Password::new(typed).map_err(refused)?;
    let forbidden: Vec<&str> = forbidden.iter().map(String::as_str).collect();
    check_strength(&password, &forbidden).map_err(weak)
}

/// A password on its way through both servers. The steps of setting one: construct, `blinded`,
/// `harden`, `register`, `finishRegistration`, then as for opening: `logIn`, `finishLogIn`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Attempt {
    blind: Option<Blind>,
    blinded: Vec<u8>,
    input: Option<HardenedPassword>,
    registration: Option<Registration>,
    login: Option<Login>,
}

#[wasm_bindgen]
impl Attempt {
    /// Blinds what was typed, together with the account.
    ///
    /// # Errors
    /// Code `password_refused`.
    #[wasm_bindgen(constructor)]
    pub fn new(typed: &str, account: &[u8]) -> Outcome<Self> {
        let password = Password::new(typed).map_err(refused)?;
        let (blind, blinded) = Blind::start(&password, account, &mut rng()).map_err(evaluation)?;
        Ok(Self {
            blind: Some(blind),
            blinded,
            input: None,
            registration: None,
            login: None,
        })
    }

    /// What the key server evaluates.
    #[must_use]
    pub fn blinded(&self) -> Uint8Array {
        Uint8Array::from(self.blinded.as_slice())
    }

    /// Takes the key server's answer.
    ///
    /// # Errors
    /// Code `bad_answer`.
    pub fn harden(&mut self, answer: &[u8], oprf_key: &[u8]) -> Outcome<()> {
        let key = OprfPublicKey::from_bytes(oprf_key).map_err(evaluation)?;
        let blind = self.blind.take().ok_or_else(misused)?;
        self.input = Some(blind.finish(answer, &key).map_err(evaluation)?);
        Ok(())
    }

    fn input(&self) -> Outcome<HardenedPassword> {
        self.input.clone().ok_or_else(misused)
    }

    /// The registration request for the vault.
    ///
    /// # Errors
    /// Code `invalid` before `harden`.
    pub fn register(&mut self) -> Outcome<Uint8Array> {
        let (registration, request) =
            Registration::start(self.input()?, &mut rng()).map_err(opaque)?;
        self.registration = Some(registration);
        Ok(Uint8Array::from(request.as_slice()))
    }

    /// Takes the vault's answer to a registration: `{upload, exportKey}`. Hashes for a while.
    ///
    /// # Errors
    /// Codes `bad_answer`, `out_of_memory`.
    #[wasm_bindgen(js_name = finishRegistration)]
    pub fn finish_registration(
        &mut self,
        answer: &[u8],
        client: &[u8],
        server: &[u8],
        vault_key: &[u8],
    ) -> Outcome<JsValue> {
        let registration = self.registration.take().ok_or_else(misused)?;
        let registered = registration
            .finish(
                answer,
                Identities { client, server },
                KsfParams::DEFAULT,
                Some(&pinned(vault_key)?),
                &mut rng(),
            )
            .map_err(opaque)?;
        Ok(record(&[
            (
                "upload",
                Uint8Array::from(registered.upload.as_slice()).into(),
            ),
            ("exportKey", bytes(registered.export_key.expose())),
        ]))
    }

    /// The first message of a login.
    ///
    /// # Errors
    /// Code `invalid` before `harden`.
    #[wasm_bindgen(js_name = logIn)]
    pub fn log_in(&mut self) -> Outcome<Uint8Array> {
        let (login, ke1) = Login::start(self.input()?, &mut rng()).map_err(opaque)?;
        self.login = Some(login);
        Ok(Uint8Array::from(ke1.as_slice()))
    }

    /// Takes the vault's answer to a login: `{ke3, exportKey}`. Hashes for a while.
    ///
    /// # Errors
    /// Codes `wrong_password`, `bad_answer`, `password_policy`, `out_of_memory`.
    #[wasm_bindgen(js_name = finishLogIn)]
    pub fn finish_log_in(
        &mut self,
        ke2: &[u8],
        client: &[u8],
        server: &[u8],
        vault_key: &[u8],
    ) -> Outcome<JsValue> {
        let login = self.login.take().ok_or_else(misused)?;
        let opened = login
            .finish(
                ke2,
                Identities { client, server },
                &pinned(vault_key)?,
                &mut rng(),
            )
            .map_err(opaque)?;
        Ok(record(&[
            ("ke3", Uint8Array::from(opened.ke3.as_slice()).into()),
            ("exportKey", bytes(opened.export_key.expose())),
        ]))
    }
}

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn pinned(key: &[u8]) -> Outcome<ServerPublicKey> {
    let key = key.try_into().map_err(|_| misused())?;
    Ok(ServerPublicKey::from_bytes(key))
}

fn bytes(secret: &[u8; 64]) -> JsValue {
    Uint8Array::from(secret.as_slice()).into()
}
