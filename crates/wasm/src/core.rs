//! The client.

use ::core::{
    fmt::{self, Debug},
    future::Future,
};
use std::{rc::Rc, sync::Arc};

use js_sys::Promise;
use wardseal_client::{
    CachePolicy, Client, Config, Device, Group, Role,
    crypto::secret::Secret,
    object::ObjectError,
    protocol::{
        keys::DeviceKind,
        object::{Metadata, ObjectHeader, Prelude},
    },
    types::{DeviceId, GroupId, MemberId, TenantId},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    errors,
    host::{Host, HostClock, system_rng},
    objects::{Opening, Sealing, header_record},
    values::{
        Answer, Outcome, Record, fixed, id, ids, list, members, number, promise, results, role,
        text, visibility,
    },
};

/// A client. Its methods may be called concurrently; they take turns at what they share.
#[wasm_bindgen]
pub struct Core {
    pub(crate) client: Rc<Client<Host, Host>>,
}

impl Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.client, f)
    }
}

impl Core {
    /// Runs an operation of the client.
    pub(crate) fn run<F>(&self, work: impl FnOnce(Rc<Client<Host, Host>>) -> F) -> Promise
    where
        F: Future<Output = Answer> + 'static,
    {
        promise(work(Rc::clone(&self.client)))
    }
}

// Operations that wait give promises of one kind of future, not each of its own: a page has to load
// what belongs to them.
#[wasm_bindgen]
impl Core {
    /// Opens a client over what the host keeps. `cache` is `"off"`, `"memory"` or `"persistent"`,
    /// `ttl` its time to live in milliseconds.
    ///
    /// # Errors
    /// Code `store`, `invalid`.
    #[wasm_bindgen(unchecked_return_type = "Promise<Core>")]
    pub fn open(
        host: Host,
        state_key: Vec<u8>,
        tenant: String,
        cache: String,
        ttl: u64,
        audience: Option<String>,
    ) -> Promise {
        promise(async move {
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
            let clock = HostClock::new(host.clone());
            let client = Client::open(
                config,
                host.clone(),
                host,
                key,
                Arc::new(clock),
                system_rng(),
            )
            .await?;
            let client = Rc::new(client);
            Ok(Self { client }.into())
        })
    }

    /// Who is signed up here: `{tenant, user, device}` or `undefined`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn profile(&self) -> Promise {
        self.run(|client| async move {
            Ok(match client.profile().await {
                Some(profile) => Record::new()
                    .text("tenant", &profile.tenant)
                    .text("user", &profile.user)
                    .text("device", &profile.device)
                    .into(),
                None => JsValue::UNDEFINED,
            })
        })
    }

    /// Erases everything.
    ///
    /// # Errors
    /// Code `store`.
    #[wasm_bindgen(js_name = signOut, unchecked_return_type = "Promise<void>")]
    pub fn sign_out(&self) -> Promise {
        self.run(|client| async move {
            client.sign_out().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Drops the keys of all sessions.
    ///
    /// # Errors
    /// Code `store`.
    #[wasm_bindgen(js_name = forgetSessions, unchecked_return_type = "Promise<void>")]
    pub fn forget_sessions(&self) -> Promise {
        self.run(|client| async move {
            client.forget_sessions().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// What the key server says of itself: `{version, protocol, time, audience}`.
    ///
    /// # Errors
    /// Those of the transport.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn server(&self) -> Promise {
        self.run(|client| async move {
            let info = client.server().await?;
            Ok(Record::new()
                .with("version", info.version)
                .with("protocol", info.protocol)
                .with("time", number(info.time.millis()))
                .with("audience", info.audience)
                .into())
        })
    }

    /// Draws the keys of a new user: `{user, name, commitment, index}`, for the application to
    /// sign.
    ///
    /// # Errors
    /// Code `identity_exists`, `bad_name`, `store`.
    #[wasm_bindgen(js_name = beginSignUp, unchecked_return_type = "Promise<any>")]
    pub fn begin_sign_up(&self, name: String) -> Promise {
        self.run(|client| async move {
            let request = client.begin_sign_up(&name).await?;
            let commitment = wardseal_client::types::Base64Url(request.commitment.0.to_vec());
            Ok(Record::new()
                .text("user", &request.user)
                .with("index", request.index_text())
                .with("commitment", commitment.to_text())
                .with("name", request.name)
                .into())
        })
    }

    /// Registers the user with the application's token; gives the user.
    ///
    /// # Errors
    /// Code `no_pending_sign_up`, and those of the server.
    #[wasm_bindgen(js_name = finishSignUp, unchecked_return_type = "Promise<any>")]
    pub fn finish_sign_up(&self, token: String) -> Promise {
        self.run(|client| async move {
            let user = client.finish_sign_up(&token).await;
            Ok(text(&user?))
        })
    }

    /// A proof for the application at `audience` of who is here:
    /// `{tenant, user, device, audience, challenge, signature, certificate?}`.
    ///
    /// # Errors
    /// Code `no_identity`, `invalid`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn prove(&self, audience: String, challenge: String) -> Promise {
        self.run(|client| async move {
            let proof = client.prove(&audience, &challenge).await;
            let proof = proof?;
            let signature = wardseal_client::types::Base64Url(proof.signature.0.to_vec());
            let record = Record::new()
                .text("tenant", &proof.tenant)
                .text("user", &proof.user)
                .text("device", &proof.device)
                .with("audience", proof.audience)
                .with("challenge", proof.challenge)
                .with("signature", signature.to_text());
            // Whoever is kept for the day signs with a key of the day.
            Ok(match proof.certificate {
                Some(certificate) => record.with("certificate", certificate.to_text()),
                None => record,
            }
            .into())
        })
    }

    /// The users whom the application calls by these names; gives a result for each.
    ///
    /// # Errors
    /// Those of the transport. Of one: code `unknown_name`, `bad_name`, `identity_changed`.
    #[wasm_bindgen(js_name = findUsers, unchecked_return_type = "Promise<any>")]
    pub fn find_users(&self, names: Vec<String>) -> Promise {
        self.run(|client| async move {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let found = client.find_users(&names).await;
            let found = found?.into_iter();
            Ok(results(
                names.iter().map(|_| None),
                found.map(|user| Ok(text(&user?))),
            ))
        })
    }

    /// Accepts that a name means another user than before; gives the user.
    ///
    /// # Errors
    /// Code `unknown_name`.
    #[wasm_bindgen(js_name = confirmIdentity, unchecked_return_type = "Promise<any>")]
    pub fn confirm_identity(&self, name: String) -> Promise {
        self.run(|client| async move {
            let user = client.confirm_identity(&name).await;
            Ok(text(&user?))
        })
    }

    /// The devices of our user.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the transport.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn devices(&self) -> Promise {
        self.run(|client| async move {
            let devices = client.devices().await?;
            Ok(list(devices.iter().map(device_record)))
        })
    }

    /// Revokes devices.
    ///
    /// # Errors
    /// Code `invalid` for this very device.
    #[wasm_bindgen(js_name = revokeDevices, unchecked_return_type = "Promise<void>")]
    pub fn revoke_devices(&self, devices: Vec<String>) -> Promise {
        self.run(|client| async move {
            let devices: Vec<DeviceId> = ids(&devices)?;
            let done = client.revoke_devices(&devices).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Makes an unlocked identity an ordinary device of this machine; gives the device.
    ///
    /// # Errors
    /// Code `no_identity`, `identity_exists`.
    #[wasm_bindgen(js_name = trustThisMachine, unchecked_return_type = "Promise<any>")]
    pub fn trust_this_machine(&self) -> Promise {
        self.run(|client| async move {
            let device = client.trust_this_machine().await;
            Ok(text(&device?))
        })
    }

    /// Makes a group; gives its identifier.
    ///
    /// # Errors
    /// Code `unknown_chain` for a member that does not exist.
    #[wasm_bindgen(js_name = createGroup, unchecked_return_type = "Promise<any>")]
    pub fn create_group(&self, name: String, who: Vec<String>, roles: Vec<String>) -> Promise {
        self.run(|client| async move {
            let who = members::<MemberId, _>(&who, &roles, role)?;
            let group = client.create_group(&name, &who).await;
            Ok(text(&group?))
        })
    }

    /// A group.
    ///
    /// # Errors
    /// Code `unknown_chain`.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn group(&self, group: String) -> Promise {
        self.run(|client| async move {
            let group = client.group(id(&group)?).await;
            Ok(group_record(&group?).into())
        })
    }

    /// The groups of which this user is a member.
    ///
    /// # Errors
    /// Those of the transport.
    #[wasm_bindgen(unchecked_return_type = "Promise<any>")]
    pub fn groups(&self) -> Promise {
        self.run(|client| async move {
            let groups = client.groups().await?;
            Ok(list(groups.iter().map(group_record)))
        })
    }

    /// Adds a member to a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = addMember, unchecked_return_type = "Promise<void>")]
    pub fn add_member(
        &self,
        group: String,
        member: String,
        word: String,
        from_join: bool,
    ) -> Promise {
        self.run(|client| async move {
            let (group, member) = (id::<GroupId>(&group)?, id::<MemberId>(&member)?);
            client
                .add_member(group, member, role(&word)?, visibility(from_join))
                .await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Adds many members to a group; gives a result for each.
    ///
    /// # Errors
    /// Code `not_authorised`. Of one: `unknown_chain`, `no_recipient`, `invalid`.
    #[wasm_bindgen(js_name = addMembers, unchecked_return_type = "Promise<any>")]
    pub fn add_members(&self, group: String, who: Vec<String>, words: Vec<String>) -> Promise {
        self.run(|client| async move {
            let wanted: Vec<Outcome<(MemberId, Role)>> = who
                .iter()
                .zip(&words)
                .map(|(member, word)| Ok((id(member)?, role(word)?)))
                .collect();
            let known: Vec<_> = wanted.iter().flatten().copied().collect();
            let added = client.add_members(id(&group)?, &known).await;
            let added = added?.into_iter();
            Ok(results(
                wanted.iter().map(|wanted| wanted.as_ref().err()),
                added.map(|added| added.map(|()| JsValue::UNDEFINED)),
            ))
        })
    }

    /// Removes members from a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = removeMembers, unchecked_return_type = "Promise<void>")]
    pub fn remove_members(&self, group: String, who: Vec<String>) -> Promise {
        self.run(|client| async move {
            let who: Vec<MemberId> = ids(&who)?;
            let done = client.remove_members(id(&group)?, &who).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Changes a member's role.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = setRole, unchecked_return_type = "Promise<void>")]
    pub fn set_role(&self, group: String, member: String, word: String) -> Promise {
        self.run(|client| async move {
            let (group, member) = (id::<GroupId>(&group)?, id::<MemberId>(&member)?);
            let done = client.set_role(group, member, role(&word)?).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Renames a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = renameGroup, unchecked_return_type = "Promise<void>")]
    pub fn rename_group(&self, group: String, name: String) -> Promise {
        self.run(|client| async move {
            let done = client.rename_group(id(&group)?, &name).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Ends a group.
    ///
    /// # Errors
    /// Code `not_authorised`.
    #[wasm_bindgen(js_name = dissolveGroup, unchecked_return_type = "Promise<void>")]
    pub fn dissolve_group(&self, group: String) -> Promise {
        self.run(|client| async move {
            let done = client.dissolve_group(id(&group)?).await;
            done?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Prepares to seal an object, or another version of one.
    ///
    /// # Errors
    /// Code `no_access`.
    #[wasm_bindgen(unchecked_return_type = "Promise<Sealing>")]
    pub fn sealing(
        &self,
        session: String,
        object: Option<String>,
        version: u64,
        name: Option<String>,
        media_type: Option<String>,
        content_len: Option<u64>,
    ) -> Promise {
        self.run(|client| async move {
            let metadata = Metadata {
                name,
                media_type,
                content_len,
            };
            let object = object.map(|object| id(&object)).transpose()?;
            let sealing = client
                .sealing_version(id(&session)?, object, version, &metadata)
                .await;
            Ok(Sealing::new(sealing?).into())
        })
    }

    /// Prepares to open the object that begins with these bytes.
    ///
    /// # Errors
    /// Code `no_access`, and those of objects.
    #[wasm_bindgen(unchecked_return_type = "Promise<Opening>")]
    pub fn opening(&self, prelude: Vec<u8>) -> Promise {
        self.run(|client| async move {
            let prelude = Prelude::parse(&prelude).map_err(errors::format)?;
            let opening = client.opening(prelude.header()).await;
            Ok(Opening::new(opening?, prelude).into())
        })
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
            .with("role", member.role.word())
    });
    Record::new()
        .text("id", &group.id)
        .with("name", group.name.as_deref())
        .with("members", list(members))
        .with("role", group.role.map(Role::word))
        .with("epoch", group.epoch)
        .with("dissolved", group.dissolved)
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
