//! Sessions: who may open what.

use js_sys::{Array, Promise, Uint8Array};
use wardseal_client::{
    Event, NewSession, Recipient, Rights, Session, SessionPage, What,
    types::{MemberId, SessionId},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    core::Core,
    values::{
        Outcome, Record, bytes, id, ids, list, members, number, results, rights, strings, text,
        visibility,
    },
};

/// A session that is to be made.
struct Wanted {
    recipients: Vec<(MemberId, Rights)>,
    label: Option<String>,
    metadata: Option<Vec<u8>>,
}

impl Wanted {
    /// Reads `[members, rights, label, metadata]`.
    fn read(item: &JsValue) -> Outcome<Self> {
        let item = Array::from(item);
        let metadata = item.get(3);
        Ok(Self {
            recipients: members(&strings(&item.get(0)), &strings(&item.get(1)), rights)?,
            label: item.get(2).as_string(),
            metadata: (!metadata.is_undefined()).then(|| Uint8Array::new(&metadata).to_vec()),
        })
    }

    fn new_session(&self) -> NewSession<'_> {
        NewSession {
            recipients: &self.recipients,
            label: self.label.as_deref(),
            metadata: self.metadata.as_deref(),
            pending: &[],
        }
    }
}

#[wasm_bindgen]
impl Core {
    /// Makes sessions, each of `[members, rights, label, metadata]`; gives a result for each.
    ///
    /// # Errors
    /// Those of the transport. Of one: code `unknown_chain`, `invalid`.
    #[wasm_bindgen(js_name = createSessions, unchecked_return_type = "Promise<any>")]
    pub fn create_sessions(&self, items: Array) -> Promise {
        self.run(|client| async move {
            let wanted: Vec<_> = items.iter().map(|item| Wanted::read(&item)).collect();
            let news: Vec<_> = wanted.iter().flatten().map(Wanted::new_session).collect();
            let made = client.create_sessions(&news).await;
            let made = made?.into_iter();
            Ok(results(
                wanted.iter().map(|wanted| wanted.as_ref().err()),
                made.map(|made| Ok(text(&made?))),
            ))
        })
    }

    /// A session.
    ///
    /// # Errors
    /// Code `no_access`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn session(&self, session: String) -> Promise {
        self.run(|client| async move {
            let session = client.session(id(&session)?).await;
            Ok(session_record(&session?).into())
        })
    }

    /// Many sessions in one request; gives a result for each.
    ///
    /// # Errors
    /// Those of the transport. Of one: code `no_access`, `invalid`.
    #[wasm_bindgen(js_name = fetchSessions, unchecked_return_type = "Promise<any>")]
    pub fn fetch_sessions(&self, sessions: Vec<String>) -> Promise {
        self.run(|client| async move {
            let wanted: Vec<Outcome<SessionId>> = sessions.iter().map(|text| id(text)).collect();
            let known: Vec<_> = wanted.iter().flatten().copied().collect();
            let found = client.fetch_sessions(&known).await;
            let found = found?.into_iter();
            Ok(results(
                wanted.iter().map(|wanted| wanted.as_ref().err()),
                found.map(|session| Ok(session_record(&session?).into())),
            ))
        })
    }

    /// A page of sessions, of all or of those under one: `{sessions, next}`.
    ///
    /// # Errors
    /// Those of the transport.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn sessions(&self, parent: Option<String>, after: Option<u64>, limit: u32) -> Promise {
        self.run(|client| async move {
            let page = match parent {
                Some(parent) => client.children(id(&parent)?, after, limit).await,
                None => client.sessions(after, limit).await,
            };
            let SessionPage { sessions, next } = page?;
            Ok(listed(Record::new(), "sessions", &sessions, next).into())
        })
    }

    /// A session and those under it, keys at hand: `{session, children, next}`.
    ///
    /// # Errors
    /// Code `no_access`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn tree(&self, session: String) -> Promise {
        self.run(|client| async move {
            let tree = client.open_tree(id(&session)?).await;
            let tree = tree?;
            let record = Record::new().with("session", session_record(&tree.session));
            Ok(listed(record, "children", &tree.children, tree.more).into())
        })
    }

    /// Grants a right.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn grant(&self, session: String, member: String, word: String, from_join: bool) -> Promise {
        self.run(|client| async move {
            let (session, member) = (id::<SessionId>(&session)?, id::<MemberId>(&member)?);
            client
                .grant(session, member, rights(&word)?, visibility(from_join))
                .await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Grants rights to many; gives a result for each.
    ///
    /// # Errors
    /// Code `not_authorised`, `no_access`. Of one: `not_authorised`, `unknown_chain`, `invalid`.
    #[wasm_bindgen(js_name = grantMany, unchecked_return_type = "Promise<any>")]
    pub fn grant_many(&self, session: String, who: Vec<String>, words: Vec<String>) -> Promise {
        self.run(|client| async move {
            let wanted: Vec<Outcome<(MemberId, Rights)>> = who
                .iter()
                .zip(&words)
                .map(|(member, word)| Ok((id(member)?, rights(word)?)))
                .collect();
            let known: Vec<_> = wanted.iter().flatten().copied().collect();
            let granted = client.grant_many(id(&session)?, &known).await;
            let granted = granted?.into_iter();
            Ok(results(
                wanted.iter().map(|wanted| wanted.as_ref().err()),
                granted.map(|granted| granted.map(|()| JsValue::UNDEFINED)),
            ))
        })
    }

    /// Changes a recipient's rights.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = setRights, unchecked_return_type = "Promise<void>")]
    pub fn set_rights(&self, session: String, member: String, word: String) -> Promise {
        self.run(|client| async move {
            let (session, member) = (id::<SessionId>(&session)?, id::<MemberId>(&member)?);
            let done = client.set_rights(session, member, rights(&word)?);
            done.await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Revokes recipients.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn revoke(&self, session: String, who: Vec<String>) -> Promise {
        self.run(|client| async move {
            let who: Vec<MemberId> = ids(&who)?;
            let done = client.revoke(id(&session)?, &who).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Revokes all recipients but the one through which this user manages; gives who was revoked.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = revokeOthers, unchecked_return_type = "Promise<any>")]
    pub fn revoke_others(&self, session: String) -> Promise {
        self.run(|client| async move {
            let revoked = client.revoke_others(id(&session)?).await;
            Ok(list(revoked?.iter().map(|member| text(member))))
        })
    }

    /// Ends a session for everybody.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = revokeAll, unchecked_return_type = "Promise<void>")]
    pub fn revoke_all(&self, session: String) -> Promise {
        self.run(|client| async move {
            let done = client.revoke_all(id(&session)?).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Revokes recipients of many sessions, each of `[session, members]`; gives a result for each.
    ///
    /// # Errors
    /// Those of the transport. Of one: code `not_authorised`, `no_access`, `invalid`.
    #[wasm_bindgen(js_name = revokeMany, unchecked_return_type = "Promise<any>")]
    pub fn revoke_many(&self, items: Array) -> Promise {
        self.run(|client| async move {
            let wanted: Vec<Outcome<(SessionId, Vec<MemberId>)>> = items
                .iter()
                .map(|item| {
                    let item = Array::from(&item);
                    let session = item.get(0).as_string().unwrap_or_default();
                    Ok((id(&session)?, ids(&strings(&item.get(1)))?))
                })
                .collect();
            let known: Vec<_> = wanted.iter().flatten().cloned().collect();
            let revoked = client.revoke_many(&known).await;
            let revoked = revoked?.into_iter();
            Ok(results(
                wanted.iter().map(|wanted| wanted.as_ref().err()),
                revoked.map(|revoked| revoked.map(|()| JsValue::UNDEFINED)),
            ))
        })
    }

    /// What happened in a session, in order.
    ///
    /// # Errors
    /// Code `no_access`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn history(&self, session: String) -> Promise {
        self.run(|client| async move {
            let events = client.history(id(&session)?).await;
            Ok(list(events?.iter().map(event_record)))
        })
    }

    /// Changes the metadata of a session.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn describe(&self, session: String, metadata: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let done = client.describe_session(id(&session)?, &metadata).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// What opens these sessions: a secret.
    ///
    /// # Errors
    /// Code `no_access`.
    #[wasm_bindgen(js_name = exportSessions, unchecked_return_type = "Promise<any>")]
    pub fn export_sessions(&self, sessions: Vec<String>) -> Promise {
        self.run(|client| async move {
            let sessions: Vec<SessionId> = ids(&sessions)?;
            let export = client.export_sessions(&sessions).await;
            Ok(bytes(export?.as_bytes()))
        })
    }

    /// Takes in what was exported; gives the sessions.
    ///
    /// # Errors
    /// Code `bad_export`, `invalid`.
    #[wasm_bindgen(js_name = importSessions, unchecked_return_type = "Promise<any>")]
    pub fn import_sessions(&self, export: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let sessions = client.import_sessions(&export).await;
            Ok(list(sessions?.iter().map(|session| text(session))))
        })
    }
}

/// A page of sessions as fields of a record.
fn listed(record: Record, name: &str, sessions: &[SessionId], next: Option<u64>) -> Record {
    record
        .with(name, list(sessions.iter().map(|session| text(session))))
        .with("next", next.map(number))
}

fn grant_record(member: &MemberId, rights: Rights) -> Record {
    Record::new()
        .text("id", member)
        .with("right", rights.word())
}

fn recipient_record(recipient: &Recipient) -> Record {
    let changed = recipient.changed.map(|changed| {
        Record::new()
            .text("by", &changed.by)
            .with("time", number(changed.time.millis()))
    });
    grant_record(&recipient.member, recipient.rights)
        .with("how", recipient.how.word())
        .text("by", &recipient.by)
        .text("device", &recipient.device)
        .with("time", number(recipient.time.millis()))
        .with("changed", changed.map(JsValue::from))
}

fn session_record(session: &Session) -> Record {
    let metadata = session.metadata.as_deref().map(Uint8Array::from);
    Record::new()
        .text("id", &session.id)
        .with(
            "recipients",
            list(session.recipients.iter().map(recipient_record)),
        )
        .with(
            "managing",
            list(session.managing.iter().map(|member| text(member))),
        )
        .with("right", session.rights.word())
        .with("epoch", session.epoch)
        .with("label", session.label.as_deref())
        .with("metadata", metadata)
}

fn event_record(event: &Event) -> Record {
    let record = Record::new()
        .with("position", number(event.position))
        .with("time", number(event.time.millis()))
        .text("by", &event.by)
        .text("device", &event.device)
        .with("what", event.what.word());
    match &event.what {
        What::Created { recipients, label } => {
            let recipients = recipients
                .iter()
                .map(|(member, rights)| grant_record(member, *rights));
            record
                .with("recipients", list(recipients))
                .with("label", label.as_deref())
        }
        What::Granted { member, rights, .. } | What::RightsSet { member, rights } => record
            .text("recipient", member)
            .with("right", rights.word()),
        What::Revoked { members } => record.with(
            "recipients",
            list(members.iter().map(|member| text(member))),
        ),
        What::Claimed {
            pending,
            member,
            completed,
        } => record
            .text("pending", pending)
            .text("recipient", member)
            .with("completed", *completed),
        _ => record,
    }
}
