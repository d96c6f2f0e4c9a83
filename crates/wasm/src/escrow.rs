//! Recipients who have no keys yet.

use js_sys::Promise;
use wardseal_client::{
    AwaitedRecipient, NotClaimed, PendingGrant, PendingSession,
    protocol::escrow::{Code, Policy},
    types::{Base64Url, FixedBytes, GroupId, MemberId, PendingId, SessionId, Timestamp},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    core::Core,
    errors::invalid,
    values::{Outcome, Record, bytes32, id, ids, list, number, rights, text},
};

fn policy(word: &str) -> Outcome<Policy> {
    Policy::from_word(word)
        .ok_or_else(|| invalid("a policy is \"verified\", \"code\", \"confirmed\" or \"assigned\""))
}

fn code(text: Option<String>) -> Outcome<Option<Code>> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error: wardseal_client::protocol::escrow::BadCode| invalid(&error.to_string()))
}

/// A record with a field for each text that is there.
fn with_texts<const N: usize>(mut record: Record, texts: [(&str, Option<String>); N]) -> Record {
    for (name, text) in texts {
        if let Some(text) = text {
            record = record.with(name, text);
        }
    }
    record
}

fn waiting_record(waiting: &PendingSession) -> Record {
    let record = Record::new()
        .text("id", &waiting.pending)
        .text("session", &waiting.session)
        .with("policy", waiting.policy.word())
        .text("sender", &waiting.sender)
        .with("expires", number(waiting.expires.millis()));
    with_texts(
        record,
        [
            ("group", waiting.group.map(|group| group.to_string())),
            ("hint", waiting.hint.clone()),
        ],
    )
}

fn awaited_record(awaited: &AwaitedRecipient) -> Record {
    let record = Record::new()
        .text("id", &awaited.pending)
        .with("policy", awaited.policy.word())
        .with("right", awaited.rights.word())
        .with("expires", number(awaited.expires.millis()));
    let contact = &awaited.contact;
    with_texts(
        record,
        [
            ("address", contact.address.clone()),
            ("code", contact.code.as_ref().map(ToString::to_string)),
            ("language", contact.language.clone()),
        ],
    )
}

const fn reason(why: NotClaimed) -> &'static str {
    match why {
        NotClaimed::CodeRequired => "code_required",
        NotClaimed::SenderCodeRequired => "sender_code_required",
        NotClaimed::WrongCode => "wrong_code",
        NotClaimed::Confirmation => "confirmation",
        NotClaimed::Expired => "expired",
        NotClaimed::NotNamed => "not_named",
        NotClaimed::Gone => "gone",
        NotClaimed::Damaged => "damaged",
    }
}

/// A name that is to be bound to a group.
#[wasm_bindgen]
#[derive(Debug)]
pub struct GroupName(wardseal_client::GroupName);

#[wasm_bindgen]
impl GroupName {
    /// Salted commitment to it.
    #[must_use]
    pub fn commitment(&self) -> String {
        Base64Url::text_of(self.0.commitment.as_array())
    }

    /// What the key server finds the group by.
    #[must_use]
    pub fn index(&self) -> String {
        Base64Url::text_of(self.0.index.as_array())
    }
}

#[wasm_bindgen]
impl Core {
    /// Draws the salt of a name that is to be bound to a group.
    ///
    /// # Errors
    /// Code `bad_name`.
    #[wasm_bindgen(js_name = newGroupName, unchecked_return_type = "Promise<GroupName>")]
    pub fn new_group_name(&self, name: String) -> Promise {
        self.run(|client| async move { Ok(GroupName(client.new_group_name(&name).await?).into()) })
    }

    /// Binds a name to a group.
    ///
    /// # Errors
    /// Codes `not_authorised`, `name_taken`.
    #[wasm_bindgen(js_name = bindGroup, unchecked_return_type = "Promise<void>")]
    pub fn bind_group(&self, group: String, name: GroupName, token: String) -> Promise {
        self.run(|client| async move {
            client.bind_group(id(&group)?, &name.0, &token).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Grants a right to somebody who has no keys yet; gives the pending recipient. `expires` is in
    /// milliseconds.
    ///
    /// # Errors
    /// Codes `has_identity`, `no_escrow`, `unpinned_escrow_key`, `not_authorised`, `invalid`.
    #[expect(
        clippy::too_many_arguments,
        reason = "optional fields travel as arguments, not as an object that must be read"
    )]
    #[wasm_bindgen(js_name = grantPending, unchecked_return_type = "Promise<string>")]
    pub fn grant_pending(
        &self,
        session: String,
        name: String,
        policy_name: String,
        right: String,
        expires: f64,
        group: Option<String>,
        address: Option<String>,
        code_text: Option<String>,
        language: Option<String>,
    ) -> Promise {
        self.run(|client| async move {
            let grant = PendingGrant {
                name,
                policy: policy(&policy_name)?,
                rights: rights(&right)?,
                expires: millis(expires),
                group: group.map(|group| id::<GroupId>(&group)).transpose()?,
                address,
                code: code(code_text)?,
                language,
            };
            let granted = client.grant_pending(id(&session)?, &grant).await?;
            Ok(text(&granted.pending))
        })
    }

    /// Who is awaited in a session: `[{id, policy, right, expires, address?, code?, language?}]`.
    ///
    /// # Errors
    /// Codes `no_access`, `bad_box`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn awaited(&self, session: String) -> Promise {
        self.run(|client| async move {
            let awaited = client.awaited(id(&session)?).await?;
            Ok(list(awaited.iter().map(awaited_record)))
        })
    }

    /// What waits: `[{id, session, policy, sender, expires, group?, hint?}]`.
    ///
    /// # Errors
    /// Those of the server.
    #[wasm_bindgen(js_name = pendingSessions, unchecked_return_type = "Promise<any>")]
    pub fn pending_sessions(&self, member: String) -> Promise {
        self.run(|client| async move {
            let waiting = client.pending_sessions(id(&member)?).await?;
            Ok(list(waiting.iter().map(waiting_record)))
        })
    }

    /// Claims what waits: `{claimed: [session], refused: [{…what waits, reason}]}`.
    ///
    /// # Errors
    /// Codes `not_a_member`, `invalid` for a code that is none.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn claim(&self, member: String, code_text: Option<String>) -> Promise {
        self.run(|client| async move {
            let code = code(code_text)?;
            let report = client.claim(id(&member)?, code.as_ref()).await?;
            let refused = report
                .left
                .iter()
                .map(|left| waiting_record(&left.waiting).with("reason", reason(left.why)));
            Ok(Record::new()
                .with("claimed", list(report.claimed.iter().map(text_of)))
                .with("refused", list(refused))
                .into())
        })
    }

    /// Has a code sent: `{attempt, hint, expires}`.
    ///
    /// # Errors
    /// Codes `not_found`, `too_many_attempts`.
    #[wasm_bindgen(js_name = startEscrowCode, unchecked_return_type = "Promise<any>")]
    pub fn start_escrow_code(&self, member: String, pending: String) -> Promise {
        self.run(|client| async move {
            let pending = id::<PendingId>(&pending)?;
            let started = client.start_escrow_code(id(&member)?, pending).await?;
            Ok(Record::new()
                .with("attempt", Base64Url::text_of(started.attempt.as_array()))
                .with("hint", started.hint)
                .with("expires", number(started.expires.millis()))
                .into())
        })
    }

    /// Enters a code; gives for how many deposits it counts.
    ///
    /// # Errors
    /// Codes `code_refused`, `code_expired`, `too_many_attempts`.
    #[wasm_bindgen(js_name = finishEscrowCode, unchecked_return_type = "Promise<number>")]
    pub fn finish_escrow_code(&self, attempt: String, code: String) -> Promise {
        self.run(|client| async move {
            let attempt = Base64Url::from_text(&attempt)
                .ok_or_else(|| invalid("no attempt"))
                .and_then(|Base64Url(bytes)| bytes32(&bytes));
            let attempt: FixedBytes<32> = attempt?;
            Ok(client.finish_escrow_code(attempt, &code).await?.into())
        })
    }

    /// Lets a pending recipient in without the parties.
    ///
    /// # Errors
    /// Codes `not_authorised`, `invalid`.
    #[wasm_bindgen(js_name = completePending, unchecked_return_type = "Promise<void>")]
    pub fn complete_pending(&self, session: String, pending: String, member: String) -> Promise {
        self.run(|client| async move {
            let (session, pending) = (id::<SessionId>(&session)?, id::<PendingId>(&pending)?);
            let member = id::<MemberId>(&member)?;
            client.complete_pending(session, pending, member).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// What has become of deposits: `[{id, session, state, since, member?}]`.
    ///
    /// # Errors
    /// Code `bad_answer`.
    #[wasm_bindgen(js_name = escrowStatus, unchecked_return_type = "Promise<any>")]
    pub fn escrow_status(&self, sessions: Vec<String>) -> Promise {
        self.run(|client| async move {
            let found = client.escrow_status(&ids(&sessions)?).await?;
            Ok(list(found.iter().map(|status| {
                let record = Record::new()
                    .text("id", &status.pending)
                    .text("session", &status.session)
                    .with("state", status.state.word())
                    .with("since", number(status.since.millis()));
                let member = status.member.map(|member| member.to_string());
                with_texts(record, [("member", member)])
            })))
        })
    }
}

fn text_of(session: &SessionId) -> JsValue {
    text(session)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion from a float saturates, and no time is beyond 2^53"
)]
const fn millis(value: f64) -> Timestamp {
    Timestamp::from_millis(value as u64)
}
