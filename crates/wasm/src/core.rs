//! The client.

use ::core::fmt::{self, Debug};
use std::sync::Arc;

use wardseal_client::{
    CachePolicy, Client, Config, Device, Group, Session,
    crypto::secret::Secret,
    object::ObjectError,
    protocol::{
        keys::DeviceKind,
        object::{Metadata, ObjectHeader, Prelude},
    },
    types::{DeviceId, GroupId, MemberId, SessionId, TenantId},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    errors,
    host::{DateClock, Host, system_rng},
    objects::{Opening, Sealing, header_record},
    values::{
        Outcome, Record, fixed, id, ids, list, members, number, rights, rights_word, role,
        role_word, text, visibility,
    },
};

/// A client. Its methods may be called concurrently; they take turns at what they share.
#[wasm_bindgen]
pub struct Core {
    pub(crate) client: Client<Host, Host>,
}

impl Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.client, f)
    }
}

#[wasm_bindgen]
impl Core {
    /// Opens a client over what the host keeps. `cache` is `"off"`, `"memory"` or `"persistent"`,
    /// `ttl` its time to live in milliseconds.
    ///
    /// # Errors
    /// Code `store`, `invalid`.
    pub async fn open(
        host: Host,
        state_key: Vec<u8>,
        tenant: String,
        cache: String,
        ttl: u64,
        audience: Option<String>,
    ) -> Outcome<Self> {
        let config = Config {
            cache: match cache.as_str() {
                "off" => CachePolicy::Off,
                "persistent" => CachePolicy::Persistent { ttl },
                _ => CachePolicy::Memory { ttl },
            },
            audience,
            ..Config::new(id::<TenantId>(&tenant)?)
        };
        let key = Secret::from_bytes(fixed(&state_key)?);
        let client = Client::open(
            config,
            host.clone(),
            host,
            key,
            Arc::new(DateClock),
            system_rng(),
        )
        .await
        .map_err(errors::client)?;
        Ok(Self { client })
    }

    /// Who is signed up here: `{tenant, user, device}` or `undefined`.
    pub async fn profile(&self) -> JsValue {
        match self.client.profile().await {
            Some(profile) => Record::new()
                .text("tenant", &profile.tenant)
                .text("user", &profile.user)
                .text("device", &profile.device)
                .into(),
            None => JsValue::UNDEFINED,
        }
    }

    /// Erases everything.
    ///
    /// # Errors
    /// Code `store`.
    #[wasm_bindgen(js_name = signOut)]
    pub async fn sign_out(&self) -> Outcome<()> {
        self.client.sign_out().await.map_err(errors::client)
    }

    /// Drops the keys of all sessions.
    ///
    /// # Errors
    /// Code `store`.
    #[wasm_bindgen(js_name = forgetSessions)]
    pub async fn forget_sessions(&self) -> Outcome<()> {
        self.client.forget_sessions().await.map_err(errors::client)
    }

    /// What the key server says of itself: `{version, protocol, time, audience}`.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn server(&self) -> Outcome<JsValue> {
        let info = self.client.server().await.map_err(errors::client)?;
        Ok(Record::new()
            .with("version", info.version)
            .with("protocol", info.protocol)
            .with("time", number(info.time.millis()))
            .with("audience", info.audience)
            .into())
    }

    /// Draws the keys of a new user: `{user, name, commitment, index}`, for the application to
    /// sign.
    ///
    /// # Errors
    /// Code `identity_exists`, `bad_name`, `store`.
    #[wasm_bindgen(js_name = beginSignUp)]
    pub async fn begin_sign_up(&self, name: String) -> Outcome<JsValue> {
        let request = self
            .client
            .begin_sign_up(&name)
            .await
            .map_err(errors::client)?;
        let commitment = wardseal_client::types::Base64Url(request.commitment.0.to_vec());
        Ok(Record::new()
            .text("user", &request.user)
            .with("index", request.index_text())
            .with("commitment", commitment.to_text())
            .with("name", request.name)
            .into())
    }

    /// Registers the user with the application's token; gives the user.
    ///
    /// # Errors
    /// Code `no_pending_sign_up`, and those of the server.
    #[wasm_bindgen(js_name = finishSignUp)]
    pub async fn finish_sign_up(&self, token: String) -> Outcome<JsValue> {
        let user = self.client.finish_sign_up(&token).await;
        user.map(|user| text(&user)).map_err(errors::client)
    }

    /// A proof for the application at `audience` of who is here:
    /// `{tenant, user, device, audience, challenge, signature}`.
    ///
    /// # Errors
    /// Code `no_identity`, `invalid`.
    pub async fn prove(&self, audience: String, challenge: String) -> Outcome<JsValue> {
        let proof = self.client.prove(&audience, &challenge).await;
        let proof = proof.map_err(errors::client)?;
        let signature = wardseal_client::types::Base64Url(proof.signature.0.to_vec());
        Ok(Record::new()
            .text("tenant", &proof.tenant)
            .text("user", &proof.user)
            .text("device", &proof.device)
            .with("audience", proof.audience)
            .with("challenge", proof.challenge)
            .with("signature", signature.to_text())
            .into())
    }

    /// The users whom the application calls by these names.
    ///
    /// # Errors
    /// Code `unknown_name`, `identity_changed`.
    #[wasm_bindgen(js_name = usersByName)]
    pub async fn users_by_name(&self, names: Vec<String>) -> Outcome<JsValue> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let users = self.client.users_by_name(&names).await;
        let users = users.map_err(errors::client)?;
        Ok(list(users.iter().map(|user| text(user))))
    }

    /// Accepts that a name means another user than before; gives the user.
    ///
    /// # Errors
    /// Code `unknown_name`.
    #[wasm_bindgen(js_name = confirmIdentity)]
    pub async fn confirm_identity(&self, name: String) -> Outcome<JsValue> {
        let user = self.client.confirm_identity(&name).await;
        user.map(|user| text(&user)).map_err(errors::client)
    }

    /// The devices of our user.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the transport.
    pub async fn devices(&self) -> Outcome<JsValue> {
        let devices = self.client.devices().await.map_err(errors::client)?;
        Ok(list(devices.iter().map(device_record)))
    }

    /// Revokes devices.
    ///
    /// # Errors
    /// Code `invalid` for this very device.
    #[wasm_bindgen(js_name = revokeDevices)]
    pub async fn revoke_devices(&self, devices: Vec<String>) -> Outcome<()> {
        let devices: Vec<DeviceId> = ids(&devices)?;
        let done = self.client.revoke_devices(&devices).await;
        done.map_err(errors::client)
    }

    /// Makes an unlocked identity an ordinary device of this machine; gives the device.
    ///
    /// # Errors
    /// Code `no_identity`, `identity_exists`.
    #[wasm_bindgen(js_name = trustThisMachine)]
    pub async fn trust_this_machine(&self) -> Outcome<JsValue> {
        let device = self.client.trust_this_machine().await;
        device.map(|device| text(&device)).map_err(errors::client)
    }

    /// Makes a group; gives its identifier.
    ///
    /// # Errors
    /// Code `unknown_chain` for a member that does not exist.
    #[wasm_bindgen(js_name = createGroup)]
    pub async fn create_group(
        &self,
        name: String,
        who: Vec<String>,
        roles: Vec<String>,
    ) -> Outcome<JsValue> {
        let who = members::<MemberId, _>(&who, &roles, role)?;
        let group = self.client.create_group(&name, &who).await;
        group.map(|group| text(&group)).map_err(errors::client)
    }

    /// A group.
    ///
    /// # Errors
    /// Code `unknown_chain`.
    pub async fn group(&self, group: String) -> Outcome<JsValue> {
        let group = self.client.group(id(&group)?).await;
        group
            .map(|group| group_record(&group).into())
            .map_err(errors::client)
    }

    /// The groups of which this user is a member.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn groups(&self) -> Outcome<JsValue> {
        let groups = self.client.groups().await.map_err(errors::client)?;
        Ok(list(groups.iter().map(group_record)))
    }

    /// Adds a member to a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = addMember)]
    pub async fn add_member(
        &self,
        group: String,
        member: String,
        word: String,
        from_join: bool,
    ) -> Outcome<()> {
        let (group, member) = (id::<GroupId>(&group)?, id::<MemberId>(&member)?);
        self.client
            .add_member(group, member, role(&word)?, visibility(from_join))
            .await
            .map_err(errors::client)
    }

    /// Removes members from a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = removeMembers)]
    pub async fn remove_members(&self, group: String, who: Vec<String>) -> Outcome<()> {
        let who: Vec<MemberId> = ids(&who)?;
        let done = self.client.remove_members(id(&group)?, &who).await;
        done.map_err(errors::client)
    }

    /// Changes a member's role.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = setRole)]
    pub async fn set_role(&self, group: String, member: String, word: String) -> Outcome<()> {
        let (group, member) = (id::<GroupId>(&group)?, id::<MemberId>(&member)?);
        let done = self.client.set_role(group, member, role(&word)?).await;
        done.map_err(errors::client)
    }

    /// Renames a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = renameGroup)]
    pub async fn rename_group(&self, group: String, name: String) -> Outcome<()> {
        let done = self.client.rename_group(id(&group)?, &name).await;
        done.map_err(errors::client)
    }

    /// Ends a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = dissolveGroup)]
    pub async fn dissolve_group(&self, group: String) -> Outcome<()> {
        let done = self.client.dissolve_group(id(&group)?).await;
        done.map_err(errors::client)
    }

    /// Makes a session; gives its identifier.
    ///
    /// # Errors
    /// Code `unknown_chain`, `invalid`.
    #[wasm_bindgen(js_name = createSession)]
    pub async fn create_session(
        &self,
        who: Vec<String>,
        words: Vec<String>,
        label: Option<String>,
        metadata: Option<Vec<u8>>,
    ) -> Outcome<JsValue> {
        let who = members::<MemberId, _>(&who, &words, rights)?;
        self.client
            .create_session(&who, label.as_deref(), metadata.as_deref())
            .await
            .map(|session| text(&session))
            .map_err(errors::client)
    }

    /// A session.
    ///
    /// # Errors
    /// Code `no_access`.
    pub async fn session(&self, session: String) -> Outcome<JsValue> {
        let session = self.client.session(id(&session)?).await;
        session
            .map(|session| session_record(&session).into())
            .map_err(errors::client)
    }

    /// Many sessions in one request; those that are not for us are left out.
    ///
    /// # Errors
    /// Those of the transport.
    #[wasm_bindgen(js_name = fetchSessions)]
    pub async fn fetch_sessions(&self, sessions: Vec<String>) -> Outcome<JsValue> {
        let sessions: Vec<SessionId> = ids(&sessions)?;
        let found = self.client.fetch_sessions(&sessions).await;
        let found = found.map_err(errors::client)?;
        Ok(list(found.iter().map(session_record)))
    }

    /// A page of sessions: `{sessions, next}`.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn sessions(&self, after: Option<u64>, limit: u32) -> Outcome<JsValue> {
        let page = self.client.sessions(after, limit).await;
        let page = page.map_err(errors::client)?;
        let sessions = list(page.sessions.iter().map(|session| text(session)));
        Ok(Record::new()
            .with("sessions", sessions)
            .with("next", page.next.map(number))
            .into())
    }

    /// Grants a right.
    ///
    /// # Errors
    /// Code `not_authorised`.
    pub async fn grant(
        &self,
        session: String,
        member: String,
        word: String,
        from_join: bool,
    ) -> Outcome<()> {
        let (session, member) = (id::<SessionId>(&session)?, id::<MemberId>(&member)?);
        self.client
            .grant(session, member, rights(&word)?, visibility(from_join))
            .await
            .map_err(errors::client)
    }

    /// Changes a recipient's rights.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = setRights)]
    pub async fn set_rights(&self, session: String, member: String, word: String) -> Outcome<()> {
        let (session, member) = (id::<SessionId>(&session)?, id::<MemberId>(&member)?);
        let done = self.client.set_rights(session, member, rights(&word)?);
        done.await.map_err(errors::client)
    }

    /// Revokes recipients.
    ///
    /// # Errors
    /// Code `not_authorised`.
    pub async fn revoke(&self, session: String, who: Vec<String>) -> Outcome<()> {
        let who: Vec<MemberId> = ids(&who)?;
        let done = self.client.revoke(id(&session)?, &who).await;
        done.map_err(errors::client)
    }

    /// Changes the metadata of a session.
    ///
    /// # Errors
    /// Code `not_authorised`.
    pub async fn describe(&self, session: String, metadata: Vec<u8>) -> Outcome<()> {
        let done = self.client.describe_session(id(&session)?, &metadata).await;
        done.map_err(errors::client)
    }

    /// Prepares to seal an object, or another version of one.
    ///
    /// # Errors
    /// Code `no_access`.
    pub async fn sealing(
        &self,
        session: String,
        object: Option<String>,
        version: u64,
        name: Option<String>,
        media_type: Option<String>,
        content_len: Option<u64>,
    ) -> Outcome<Sealing> {
        let metadata = Metadata {
            name,
            media_type,
            content_len,
        };
        let object = object.map(|object| id(&object)).transpose()?;
        self.client
            .sealing_version(id(&session)?, object, version, &metadata)
            .await
            .map(Sealing::new)
            .map_err(errors::client)
    }

    /// Prepares to open the object that begins with these bytes.
    ///
    /// # Errors
    /// Code `no_access`, and those of objects.
    pub async fn opening(&self, prelude: Vec<u8>) -> Outcome<Opening> {
        let prelude = Prelude::parse(&prelude).map_err(errors::format)?;
        let opening = self.client.opening(prelude.header()).await;
        Ok(Opening::new(opening.map_err(errors::client)?, prelude))
    }
}

fn device_record(device: &Device) -> Record {
    let kind = match device.kind {
        DeviceKind::Ordinary => "ordinary",
        DeviceKind::Password => "password",
        _ => "other",
    };
    Record::new()
        .text("id", &device.id)
        .with("kind", kind)
        .with("current", device.this)
}

fn group_record(group: &Group) -> Record {
    let members = group.members.iter().map(|member| {
        Record::new()
            .text("id", &member.member)
            .with("role", role_word(member.role))
    });
    Record::new()
        .text("id", &group.id)
        .with("name", group.name.as_deref())
        .with("members", list(members))
        .with("role", group.role.map(role_word))
        .with("epoch", group.epoch)
        .with("dissolved", group.dissolved)
}

fn session_record(session: &Session) -> Record {
    let recipients = session.recipients.iter().map(|recipient| {
        Record::new()
            .text("id", &recipient.member)
            .with("right", rights_word(recipient.rights))
    });
    let metadata = session.metadata.as_deref().map(js_sys::Uint8Array::from);
    Record::new()
        .text("id", &session.id)
        .with("recipients", list(recipients))
        .with("right", rights_word(session.rights))
        .with("epoch", session.epoch)
        .with("label", session.label.as_deref())
        .with("metadata", metadata)
}

/// Reads what an object says of itself, without keys: a claim, not a fact.
///
/// # Errors
/// Codes `not_an_object`, `object_truncated`, `object_malformed`, `object_other_suite`.
#[wasm_bindgen]
pub fn inspect(bytes: &[u8]) -> Outcome<JsValue> {
    let header = ObjectHeader::peek(bytes).map_err(errors::format)?;
    Ok(header_record(&header).into())
}

/// How many bytes are missing, at least, of the prelude of an object that begins so.
///
/// # Errors
/// Codes `not_an_object`, `object_too_large`.
#[wasm_bindgen(js_name = preludeMissing)]
pub fn prelude_missing(bytes: &[u8]) -> Outcome<f64> {
    let missing = Prelude::missing(bytes).map_err(errors::format)?;
    Ok(crate::values::length(missing))
}

/// How many bytes of these are the prelude.
///
/// # Errors
/// Code `object_truncated` when it is not within them.
#[wasm_bindgen(js_name = preludeLength)]
pub fn prelude_length(bytes: &[u8]) -> Outcome<f64> {
    let prelude =
        Prelude::parse(bytes).map_err(|error| errors::object(ObjectError::from(error)))?;
    Ok(crate::values::length(prelude.bytes().len()))
}
