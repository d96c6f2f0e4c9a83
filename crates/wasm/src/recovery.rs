//! Ways back in. The steps of a password are in [`crate::passwords`].

use js_sys::Promise;
use wardseal_client::{
    HelpAnswer, MailProgress, MailSettings, MethodCheck, PreparedMail as ClientMail,
    RecoveryMethod, UnderWay,
    protocol::{
        op::{Method, Organisation, TwoMan},
        recovery::tag,
        vault::Language,
    },
    types::{Base64Url, DeviceId, FixedBytes, GroupId, UserId},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    core::Core,
    errors::invalid,
    values::{Outcome, Record, bytes32, fixed, id, list, number, text},
};

/// A recovery by mail whose record lies at the vault and is not live yet.
#[wasm_bindgen]
#[derive(Debug)]
pub struct PreparedMail(ClientMail);

#[wasm_bindgen]
impl PreparedMail {
    /// Name of the record.
    #[must_use]
    pub fn record(&self) -> String {
        Base64Url::text_of(self.0.record().as_array())
    }

    /// The share for the application's server.
    #[must_use]
    pub fn share(&self) -> String {
        Base64Url::text_of(self.0.share().expose())
    }
}

/// The six characters of a client's key.
///
/// # Errors
/// Code `invalid`.
#[wasm_bindgen(js_name = recoveryTag)]
pub fn recovery_tag(client_key: &str) -> Outcome<String> {
    Ok(tag(decoded(client_key)?.as_slice()))
}

fn decoded(text: &str) -> Outcome<Base64Url> {
    Base64Url::from_text(text).ok_or_else(|| invalid("not base64url"))
}

fn decoded32(text: &str) -> Outcome<FixedBytes<32>> {
    bytes32(decoded(text)?.as_slice())
}

fn encoded(bytes: &[u8; 32]) -> String {
    Base64Url::text_of(bytes)
}

fn method(of: &RecoveryMethod) -> Record {
    let shown = Record::new()
        .with("kind", of.method.kind().word())
        .text("device", &of.device)
        .with("record", encoded(of.method.record().as_array()));
    match &of.method {
        Method::TwoMan(TwoMan { delay, .. }) => shown.with("delayHours", *delay),
        Method::Organisation(Organisation {
            group,
            quorum,
            helpers,
            ..
        }) => shown.text("group", group).with("quorum", *quorum).with(
            "administrators",
            list(helpers.iter().map(|user| text(user))),
        ),
        _ => shown,
    }
}

fn check(of: &MethodCheck) -> Record {
    let shown = Record::new()
        .with("kind", of.kind.word())
        .text("device", &of.device)
        .with("record", encoded(of.record.as_array()))
        .with("state", of.state.word());
    match of.reason {
        Some(reason) => shown.with("reason", reason),
        None => shown,
    }
}

fn under_way(of: &UnderWay) -> JsValue {
    Record::new()
        .with("name", of.name.as_str())
        .with("clientKey", Base64Url::text_of(&of.client_key))
        .with("tag", of.tag.as_str())
        .with("mail", of.mail)
        .with("ready", of.ready.map(|ready| number(ready.millis())))
        .into()
}

fn progress(of: MailProgress) -> JsValue {
    Record::new()
        .with("ready", number(of.ready.millis()))
        .with("released", of.released)
        .into()
}

#[wasm_bindgen]
impl Core {
    /// The recovery methods in force: `[{kind, device, record, delayHours, group, quorum,
    /// administrators}]`.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the transport.
    #[wasm_bindgen(js_name = recoveryMethods, unchecked_return_type = "Promise<any>")]
    pub fn recovery_methods(&self) -> Promise {
        self.run(|client| async move {
            let methods = client.recovery_methods().await?;
            Ok(list(methods.iter().map(method)))
        })
    }

    /// Tries every method without its secret: `[{kind, device, record, state, reason}]`.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the transport.
    #[wasm_bindgen(js_name = checkRecovery, unchecked_return_type = "Promise<any>")]
    pub fn check_recovery(&self) -> Promise {
        self.run(|client| async move {
            let checks = client.check_recovery().await?;
            Ok(list(checks.iter().map(check)))
        })
    }

    /// Every recovery that happened: `[{kind, time, device, entered}]`.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the transport.
    #[wasm_bindgen(js_name = recoveryEvents, unchecked_return_type = "Promise<any>")]
    pub fn recovery_events(&self) -> Promise {
        self.run(|client| async move {
            let events = client.recovery_events().await?;
            Ok(list(events.iter().map(|event| {
                Record::new()
                    .with("kind", event.kind.word())
                    .with("time", number(event.time.millis()))
                    .text("device", &event.device)
                    .text("entered", &event.entered)
            })))
        })
    }

    /// Makes a recovery code; gives its text.
    ///
    /// # Errors
    /// Those of the servers.
    #[wasm_bindgen(js_name = createRecoveryCode, unchecked_return_type = "Promise<any>")]
    pub fn create_recovery_code(&self) -> Promise {
        self.run(|client| async move {
            let code = client.create_recovery_code().await;
            Ok(code?.as_str().into())
        })
    }

    /// What a passkey is asked to make its secret of.
    #[wasm_bindgen(js_name = passkeyInput)]
    #[must_use]
    pub fn passkey_input(&self) -> Vec<u8> {
        self.client.passkey_input().to_vec()
    }

    /// Adds a passkey by its secret; gives the device.
    ///
    /// # Errors
    /// Those of the servers.
    #[wasm_bindgen(js_name = addPasskey, unchecked_return_type = "Promise<any>")]
    pub fn add_passkey(&self, secret: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let device = client.add_passkey(&fixed(&secret)?).await;
            Ok(text(&device?))
        })
    }

    /// Opens the person whose passkey gave this secret, in memory.
    ///
    /// # Errors
    /// Codes `unknown_recovery`, `identity_exists`.
    #[wasm_bindgen(js_name = unlockByPasskey, unchecked_return_type = "Promise<void>")]
    pub fn unlock_by_passkey(&self, secret: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let profile = client.unlock_by_passkey(&fixed(&secret)?).await;
            profile?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Opens a person by a recovery code, as far as a new password.
    ///
    /// # Errors
    /// Codes `bad_recovery_code`, `unknown_recovery`.
    #[wasm_bindgen(js_name = recoverByCode, unchecked_return_type = "Promise<void>")]
    pub fn recover_by_code(&self, name: String, code: String) -> Promise {
        self.run(|client| async move {
            let done = client.recover_by_code(&name, &code).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Leaves the record of a recovery by mail at the vault.
    ///
    /// # Errors
    /// Code `invalid`, and those of the vault.
    #[wasm_bindgen(js_name = prepareMail, unchecked_return_type = "Promise<PreparedMail>")]
    pub fn prepare_mail(&self, address: String, delay: u8, language: String) -> Promise {
        self.run(|client| async move {
            let settings = MailSettings {
                address: &address,
                delay,
                language: Language::from_code(&language)
                    .ok_or_else(|| invalid("a language is \"en\", \"fr\" or \"de\""))?,
            };
            let prepared = client.prepare_mail(settings).await;
            Ok(PreparedMail(prepared?).into())
        })
    }

    /// Makes a prepared recovery by mail the one that works; gives the device.
    ///
    /// # Errors
    /// Those of the key server.
    #[wasm_bindgen(js_name = adoptMail, unchecked_return_type = "Promise<any>")]
    pub fn adopt_mail(&self, prepared: PreparedMail) -> Promise {
        self.run(|client| async move {
            let device = client.adopt_mail(prepared.0).await;
            Ok(text(&device?))
        })
    }

    /// Sets recovery by administrators of a group; gives the device.
    ///
    /// # Errors
    /// Codes `not_a_member`, `invalid`.
    #[wasm_bindgen(js_name = setOrganisation, unchecked_return_type = "Promise<any>")]
    pub fn set_organisation(&self, group: String, quorum: u8) -> Promise {
        self.run(|client| async move {
            let device = client
                .set_organisation(id::<GroupId>(&group)?, quorum)
                .await;
            Ok(text(&device?))
        })
    }

    /// Sets recovery by administrators anew when they have changed; says whether they had.
    ///
    /// # Errors
    /// As `setOrganisation`.
    #[wasm_bindgen(js_name = renewOrganisation, unchecked_return_type = "Promise<boolean>")]
    pub fn renew_organisation(&self) -> Promise {
        self.run(|client| async move {
            let done = client.renew_organisation().await;
            Ok(done?.into())
        })
    }

    /// Removes a method.
    ///
    /// # Errors
    /// Code `invalid`.
    #[wasm_bindgen(js_name = removeRecovery, unchecked_return_type = "Promise<void>")]
    pub fn remove_recovery(&self, device: String) -> Promise {
        self.run(|client| async move {
            let done = client.remove_recovery(id::<DeviceId>(&device)?).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Recoveries by mail that wait: `[{attempt, started, ready}]`.
    ///
    /// # Errors
    /// Those of the vault.
    #[wasm_bindgen(js_name = waitingRecoveries, unchecked_return_type = "Promise<any>")]
    pub fn waiting_recoveries(&self) -> Promise {
        self.run(|client| async move {
            let waiting = client.waiting_recoveries().await?;
            Ok(list(waiting.iter().map(|recovery| {
                Record::new()
                    .with("attempt", encoded(recovery.attempt.as_array()))
                    .with("started", number(recovery.started.millis()))
                    .with("ready", number(recovery.ready.millis()))
            })))
        })
    }

    /// Stops a recovery that waits.
    ///
    /// # Errors
    /// Code `not_found`.
    #[wasm_bindgen(js_name = vetoRecovery, unchecked_return_type = "Promise<void>")]
    pub fn veto_recovery(&self, attempt: String) -> Promise {
        self.run(|client| async move {
            let done = client.veto_recovery(decoded32(&attempt)?).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Releases our share to whoever asked for help: `{user, record, admin, release, sealed}`.
    ///
    /// # Errors
    /// Codes `not_authorised`, `invalid`.
    #[wasm_bindgen(js_name = answerHelp, unchecked_return_type = "Promise<any>")]
    pub fn answer_help(&self, user: String, client_key: String) -> Promise {
        self.run(|client| async move {
            let client_key = decoded(&client_key)?;
            let answer = client
                .answer_help(id::<UserId>(&user)?, client_key.as_slice())
                .await?;
            Ok(Record::new()
                .text("user", &answer.user)
                .with("record", encoded(answer.record.as_array()))
                .text("admin", &answer.admin)
                .with("release", answer.release.to_text())
                .with("sealed", answer.sealed.to_text())
                .into())
        })
    }

    /// Begins a recovery that takes longer: `{name, clientKey, tag, mail, ready}`.
    ///
    /// # Errors
    /// Codes `identity_exists`, `bad_name`.
    #[wasm_bindgen(js_name = beginRecovery, unchecked_return_type = "Promise<any>")]
    pub fn begin_recovery(&self, name: String) -> Promise {
        self.run(|client| async move {
            let begun = client.begin_recovery(&name).await;
            Ok(under_way(&begun?))
        })
    }

    /// The recovery that is under way here, or `undefined`.
    ///
    /// # Errors
    /// Code `store`.
    #[wasm_bindgen(js_name = recoveryUnderWay, unchecked_return_type = "Promise<any>")]
    pub fn recovery_under_way(&self) -> Promise {
        self.run(|client| async move {
            let found = client.recovery_under_way().await?;
            Ok(found.as_ref().map_or(JsValue::UNDEFINED, under_way))
        })
    }

    /// Gives it up.
    ///
    /// # Errors
    /// Code `store`.
    #[wasm_bindgen(js_name = cancelRecovery, unchecked_return_type = "Promise<void>")]
    pub fn cancel_recovery(&self) -> Promise {
        self.run(|client| async move {
            client.cancel_recovery().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Has the vault mail its code.
    ///
    /// # Errors
    /// Codes `no_recovery`, `access_refused`, `recovery_locked`, `too_many_attempts`.
    #[wasm_bindgen(js_name = startMailRecovery, unchecked_return_type = "Promise<void>")]
    pub fn start_mail_recovery(&self, token: String, user: String, record: String) -> Promise {
        self.run(|client| async move {
            let (user, record) = (id::<UserId>(&user)?, decoded32(&record)?);
            client.start_mail_recovery(&token, user, record).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Gives the vault its code and takes the other share: `{ready, released}`.
    ///
    /// # Errors
    /// Codes `code_refused`, `code_expired`, `recovery_locked`, `bad_record`.
    #[wasm_bindgen(js_name = finishMailRecovery, unchecked_return_type = "Promise<any>")]
    pub fn finish_mail_recovery(&self, code: String, share: String) -> Promise {
        self.run(|client| async move {
            let share = decoded32(&share)?;
            let done = client.finish_mail_recovery(&code, share.as_array()).await;
            Ok(progress(done?))
        })
    }

    /// Asks again after the delay: `{ready, released}`.
    ///
    /// # Errors
    /// Codes `recovery_vetoed`, `code_expired`, `no_recovery`.
    #[wasm_bindgen(js_name = collectRecovery, unchecked_return_type = "Promise<any>")]
    pub fn collect_recovery(&self) -> Promise {
        self.run(|client| async move {
            let done = client.collect_recovery().await;
            Ok(progress(done?))
        })
    }

    /// Takes what administrators answered, each as user, record, admin, release, sealed; says whether
    /// it is enough.
    ///
    /// # Errors
    /// Codes `no_recovery`, `bad_record`.
    #[wasm_bindgen(js_name = takeHelp, unchecked_return_type = "Promise<boolean>")]
    pub fn take_help(&self, answers: Vec<String>) -> Promise {
        self.run(|client| async move {
            let answers = answers
                .chunks(5)
                .map(|fields| match fields {
                    [user, record, admin, release, sealed] => Ok(HelpAnswer {
                        user: id(user)?,
                        record: decoded32(record)?,
                        admin: id(admin)?,
                        release: decoded(release)?,
                        sealed: decoded(sealed)?,
                    }),
                    _ => Err(invalid("an answer has five fields")),
                })
                .collect::<Outcome<Vec<_>>>()?;
            let enough = client.take_help(&answers).await;
            Ok(enough?.into())
        })
    }
}
