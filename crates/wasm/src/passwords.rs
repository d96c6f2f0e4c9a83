//! The steps around a password. The cryptography of passwords is a module of its own.

use js_sys::Promise;
use wardseal_client::{
    NewPassword, PasswordUpload, StoredPassword as ClientStored, UnlockedIdentity,
    api::keys::Evaluated, protocol::vault::VAULT_IDENTITY,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    core::Core,
    values::{Outcome, Record, bytes, bytes32, fixed, number},
};

/// A password whose record lies at the vault and is not live yet.
#[wasm_bindgen]
#[derive(Debug)]
pub struct StoredPassword(ClientStored);

fn new_password(record: &[u8], account: &[u8]) -> Outcome<NewPassword> {
    Ok(NewPassword {
        record: bytes32(record)?,
        account: bytes32(account)?,
    })
}

fn evaluated(evaluated: Evaluated) -> JsValue {
    Record::new()
        .bytes("evaluation", evaluated.evaluation.as_slice())
        .bytes("oprfKey", evaluated.oprf_key.as_array())
        .bytes("record", evaluated.record.as_array())
        .into()
}

/// The vault's identity in OPAQUE; the client's is the name of the record.
#[wasm_bindgen(js_name = vaultIdentity)]
#[must_use]
pub fn vault_identity() -> Vec<u8> {
    VAULT_IDENTITY.to_vec()
}

#[wasm_bindgen]
impl Core {
    /// What a password of this name is blinded with; without a name that of whoever is here.
    ///
    /// # Errors
    /// Code `no_identity`, `no_password`.
    #[wasm_bindgen(js_name = passwordAccount, unchecked_return_type = "Promise<Uint8Array>")]
    pub fn password_account(&self, name: Option<String>) -> Promise {
        self.run(|client| async move {
            let account = match name {
                Some(name) => client.password_account(&name),
                None => client.own_password_account().await?,
            };
            Ok(bytes(account.as_array()))
        })
    }

    /// Begins to set a password: `{record, account}`.
    ///
    /// # Errors
    /// Code `no_identity`.
    #[wasm_bindgen(js_name = newPassword, unchecked_return_type = "Promise<any>")]
    pub fn new_password(&self) -> Promise {
        self.run(|client| async move {
            let password = client.new_password().await?;
            Ok(Record::new()
                .bytes("record", password.record.as_array())
                .bytes("account", password.account.as_array())
                .into())
        })
    }

    /// Has the key server evaluate a blinded new password: `{evaluation, oprfKey, record}`.
    ///
    /// # Errors
    /// Code `too_many_attempts`.
    #[wasm_bindgen(js_name = evaluateNewPassword, unchecked_return_type = "Promise<any>")]
    pub fn evaluate_new_password(
        &self,
        record: Vec<u8>,
        account: Vec<u8>,
        blinded: Vec<u8>,
    ) -> Promise {
        self.run(|client| async move {
            let password = new_password(&record, &account)?;
            let answer = client.evaluate_new_password(password, &blinded).await;
            Ok(evaluated(answer?))
        })
    }

    /// Has the vault answer a registration request.
    ///
    /// # Errors
    /// Those of the vault.
    #[wasm_bindgen(js_name = registerPassword, unchecked_return_type = "Promise<Uint8Array>")]
    pub fn register_password(
        &self,
        record: Vec<u8>,
        account: Vec<u8>,
        request: Vec<u8>,
    ) -> Promise {
        self.run(|client| async move {
            let password = new_password(&record, &account)?;
            let answer = client.register_password(password, &request).await;
            Ok(bytes(&answer?))
        })
    }

    /// Leaves the keys of a password device at the vault.
    ///
    /// # Errors
    /// Those of the vault.
    #[wasm_bindgen(js_name = storePassword, unchecked_return_type = "Promise<StoredPassword>")]
    pub fn store_password(
        &self,
        record: Vec<u8>,
        account: Vec<u8>,
        upload: Vec<u8>,
        export_key: Vec<u8>,
        vault_key: Vec<u8>,
        oprf_key: Vec<u8>,
    ) -> Promise {
        self.run(|client| async move {
            let password = new_password(&record, &account)?;
            let upload = PasswordUpload {
                upload: &upload,
                export_key: &fixed(&export_key)?,
                vault_key: fixed(&vault_key)?,
                oprf_key: fixed(&oprf_key)?,
            };
            let stored = client.store_password(password, upload).await;
            Ok(StoredPassword(stored?).into())
        })
    }

    /// Makes a stored password the one that works.
    ///
    /// # Errors
    /// Those of the key server.
    #[wasm_bindgen(js_name = adoptPassword, unchecked_return_type = "Promise<void>")]
    pub fn adopt_password(&self, stored: StoredPassword) -> Promise {
        self.run(|client| async move {
            let done = client.adopt_password(stored.0).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Has the key server evaluate a blinded password of this name; without a name that of an
    /// account: `{evaluation, oprfKey, record}`.
    ///
    /// # Errors
    /// Code `too_many_attempts`.
    #[wasm_bindgen(js_name = evaluatePassword, unchecked_return_type = "Promise<any>")]
    pub fn evaluate_password(
        &self,
        name: Option<String>,
        account: Vec<u8>,
        blinded: Vec<u8>,
    ) -> Promise {
        self.run(|client| async move {
            let answer = match name {
                Some(name) => client.evaluate_password(&name, &blinded).await,
                None => client.evaluate_account(bytes32(&account)?, &blinded).await,
            };
            Ok(evaluated(answer?))
        })
    }

    /// The vault's OPAQUE public key, or `undefined`.
    ///
    /// # Errors
    /// Those of the transport.
    #[wasm_bindgen(js_name = vaultKey, unchecked_return_type = "Promise<Uint8Array | undefined>")]
    pub fn vault_key(&self) -> Promise {
        self.run(|client| async move {
            let info = client.vault().await?;
            Ok(match info.vault_key {
                Some(key) => bytes(&key.0),
                None => JsValue::UNDEFINED,
            })
        })
    }

    /// Has the vault answer the first message of a login: `{login, ke2}`.
    ///
    /// # Errors
    /// Code `too_many_attempts`.
    #[wasm_bindgen(js_name = beginUnlock, unchecked_return_type = "Promise<any>")]
    pub fn begin_unlock(&self, record: Vec<u8>, ke1: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let started = client.begin_unlock(bytes32(&record)?, &ke1).await;
            let started = started?;
            Ok(Record::new()
                .bytes("login", started.login.as_array())
                .bytes("ke2", started.ke2.as_slice())
                .into())
        })
    }

    /// Has the vault release a record.
    ///
    /// # Errors
    /// Code `wrong_password`.
    #[wasm_bindgen(js_name = finishUnlock, unchecked_return_type = "Promise<Uint8Array>")]
    pub fn finish_unlock(&self, login: Vec<u8>, ke3: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let sealed = client.finish_unlock(bytes32(&login)?, &ke3).await;
            Ok(bytes(&sealed?))
        })
    }

    /// Opens the released identity, in memory only. Without a name it is the password once more, of
    /// whoever is kept for the day.
    ///
    /// # Errors
    /// Codes `identity_exists`, `identity_changed`, `bad_answer`.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn unlock(
        &self,
        name: Option<String>,
        record: Vec<u8>,
        sealed: Vec<u8>,
        export_key: Vec<u8>,
        vault_key: Vec<u8>,
        oprf_key: Vec<u8>,
    ) -> Promise {
        self.run(|client| async move {
            let unlocked = UnlockedIdentity {
                record: bytes32(&record)?,
                sealed: &sealed,
                export_key: &fixed(&export_key)?,
                vault_key: fixed(&vault_key)?,
                oprf_key: fixed(&oprf_key)?,
            };
            let profile = match name {
                Some(name) => client.unlock(&name, unlocked).await,
                None => client.step_up(unlocked).await,
            };
            profile?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Keeps whoever was unlocked until the day is over; gives when that is.
    ///
    /// # Errors
    /// Codes `no_identity`, `identity_exists`.
    #[wasm_bindgen(js_name = keepForTheDay, unchecked_return_type = "Promise<number>")]
    pub fn keep_for_the_day(&self) -> Promise {
        self.run(|client| async move {
            let until = client.keep_for_the_day().await;
            Ok(number(until?.millis()).into())
        })
    }

    /// Until when whoever is here is kept, if it is for the day.
    #[wasm_bindgen(js_name = keptUntil, unchecked_return_type = "Promise<number | undefined>")]
    pub fn kept_until(&self) -> Promise {
        self.run(|client| async move {
            let until = client.kept_until().await;
            Ok(until.map(|until| number(until.millis())).into())
        })
    }

    /// Forgets the device of a password that was given once more.
    #[wasm_bindgen(js_name = stepDown, unchecked_return_type = "Promise<void>")]
    pub fn step_down(&self) -> Promise {
        self.run(|client| async move {
            client.step_down().await;
            Ok(JsValue::UNDEFINED)
        })
    }
}
