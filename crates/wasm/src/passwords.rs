//! The steps around a password. The cryptography of passwords is a module of its own.

use wardseal_client::{
    NewPassword, PasswordUpload, StoredPassword as ClientStored, UnlockedIdentity,
    api::keys::Evaluated, protocol::vault::VAULT_IDENTITY,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    core::Core,
    errors,
    values::{Outcome, Record, bytes32, fixed},
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
    /// What a password of this name is blinded with.
    #[wasm_bindgen(js_name = passwordAccount)]
    #[must_use]
    pub fn password_account(&self, name: &str) -> Vec<u8> {
        self.client.password_account(name).0.to_vec()
    }

    /// Begins to set a password: `{record, account}`.
    ///
    /// # Errors
    /// Code `no_identity`.
    #[wasm_bindgen(js_name = newPassword)]
    pub async fn new_password(&self) -> Outcome<JsValue> {
        let password = self.client.new_password().await.map_err(errors::client)?;
        Ok(Record::new()
            .bytes("record", password.record.as_array())
            .bytes("account", password.account.as_array())
            .into())
    }

    /// Has the key server evaluate a blinded new password: `{evaluation, oprfKey, record}`.
    ///
    /// # Errors
    /// Code `too_many_attempts`.
    #[wasm_bindgen(js_name = evaluateNewPassword)]
    pub async fn evaluate_new_password(
        &self,
        record: Vec<u8>,
        account: Vec<u8>,
        blinded: Vec<u8>,
    ) -> Outcome<JsValue> {
        let password = new_password(&record, &account)?;
        let answer = self.client.evaluate_new_password(password, &blinded).await;
        answer.map(evaluated).map_err(errors::client)
    }

    /// Has the vault answer a registration request.
    ///
    /// # Errors
    /// Those of the vault.
    #[wasm_bindgen(js_name = registerPassword)]
    pub async fn register_password(
        &self,
        record: Vec<u8>,
        account: Vec<u8>,
        request: Vec<u8>,
    ) -> Outcome<Vec<u8>> {
        let password = new_password(&record, &account)?;
        let answer = self.client.register_password(password, &request).await;
        answer.map_err(errors::client)
    }

    /// Leaves the keys of a password device at the vault.
    ///
    /// # Errors
    /// Those of the vault.
    #[wasm_bindgen(js_name = storePassword)]
    pub async fn store_password(
        &self,
        record: Vec<u8>,
        account: Vec<u8>,
        upload: Vec<u8>,
        export_key: Vec<u8>,
        vault_key: Vec<u8>,
        oprf_key: Vec<u8>,
    ) -> Outcome<StoredPassword> {
        let password = new_password(&record, &account)?;
        let upload = PasswordUpload {
            upload: &upload,
            export_key: &fixed(&export_key)?,
            vault_key: fixed(&vault_key)?,
            oprf_key: fixed(&oprf_key)?,
        };
        let stored = self.client.store_password(password, upload).await;
        stored.map(StoredPassword).map_err(errors::client)
    }

    /// Makes a stored password the one that works.
    ///
    /// # Errors
    /// Those of the key server.
    #[wasm_bindgen(js_name = adoptPassword)]
    pub async fn adopt_password(&self, stored: StoredPassword) -> Outcome<()> {
        let done = self.client.adopt_password(stored.0).await;
        done.map_err(errors::client)
    }

    /// Has the key server evaluate a blinded password: `{evaluation, oprfKey, record}`.
    ///
    /// # Errors
    /// Code `too_many_attempts`.
    #[wasm_bindgen(js_name = evaluatePassword)]
    pub async fn evaluate_password(&self, name: String, blinded: Vec<u8>) -> Outcome<JsValue> {
        let answer = self.client.evaluate_password(&name, &blinded).await;
        answer.map(evaluated).map_err(errors::client)
    }

    /// The vault's OPAQUE public key, or `undefined`.
    ///
    /// # Errors
    /// Those of the transport.
    #[wasm_bindgen(js_name = vaultKey)]
    pub async fn vault_key(&self) -> Outcome<Option<Vec<u8>>> {
        let info = self.client.vault().await.map_err(errors::client)?;
        Ok(info.vault_key.map(|key| key.0.to_vec()))
    }

    /// Has the vault answer the first message of a login: `{login, ke2}`.
    ///
    /// # Errors
    /// Code `too_many_attempts`.
    #[wasm_bindgen(js_name = beginUnlock)]
    pub async fn begin_unlock(&self, record: Vec<u8>, ke1: Vec<u8>) -> Outcome<JsValue> {
        let started = self.client.begin_unlock(bytes32(&record)?, &ke1).await;
        let started = started.map_err(errors::client)?;
        Ok(Record::new()
            .bytes("login", started.login.as_array())
            .bytes("ke2", started.ke2.as_slice())
            .into())
    }

    /// Has the vault release a record.
    ///
    /// # Errors
    /// Code `wrong_password`.
    #[wasm_bindgen(js_name = finishUnlock)]
    pub async fn finish_unlock(&self, login: Vec<u8>, ke3: Vec<u8>) -> Outcome<Vec<u8>> {
        let sealed = self.client.finish_unlock(bytes32(&login)?, &ke3).await;
        sealed.map_err(errors::client)
    }

    /// Opens the released identity, in memory only.
    ///
    /// # Errors
    /// Codes `identity_exists`, `identity_changed`, `bad_answer`.
    pub async fn unlock(
        &self,
        name: String,
        record: Vec<u8>,
        sealed: Vec<u8>,
        export_key: Vec<u8>,
        vault_key: Vec<u8>,
        oprf_key: Vec<u8>,
    ) -> Outcome<()> {
        let unlocked = UnlockedIdentity {
            record: bytes32(&record)?,
            sealed: &sealed,
            export_key: &fixed(&export_key)?,
            vault_key: fixed(&vault_key)?,
            oprf_key: fixed(&oprf_key)?,
        };
        let profile = self.client.unlock(&name, unlocked).await;
        profile.map(|_| ()).map_err(errors::client)
    }
}
