//! What an operator does: give the server its tenant, register facilities, invite people.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wardseal_crypto::secret::Secret;
use wardseal_tenant::{EscrowSecret, TokenKey};
use wardseal_types::{GroupId, TenantId, Timestamp};

use crate::{
    failure::Failure,
    files, invitations,
    mail::Language,
    model::{Country, Facility},
    random::Random,
    store::{
        Notified, OpenError, Store, facilities as directory,
        people::{self, Guest},
    },
};

pub use crate::invitations::LIFETIME as INVITATION;

/// Why a command did not do what it was told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// A file cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The data directory has no tenant.
    #[error(
        "{0} holds no tenant: give it one with wardseal-transfer init --tenant DIR, where DIR is what \
         wardseal tenant create made"
    )]
    NotInitialised(PathBuf),
    /// The data directory has another tenant.
    #[error("{0} belongs to another tenant already: choose another directory with --data")]
    OtherTenant(PathBuf),
    /// A file is not what it should be.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The database.
    #[error("cannot open {path}: {reason}")]
    Database {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: OpenError,
    },
    /// The description of a facility.
    #[error("facility {number}: {reason}")]
    Facility {
        /// Which one, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// A name that nobody can have.
    #[error("{0:?} is no name: letters, digits and . _ - @ +, at most 64")]
    Name(String),
    /// The database refuses.
    #[error("{0}")]
    Refused(String),
}

impl From<Failure> for AdminError {
    fn from(failure: Failure) -> Self {
        let what = failure
            .detail
            .map(std::borrow::Cow::into_owned)
            .or(failure.cause)
            .unwrap_or_else(|| failure.code.meaning().to_owned());
        Self::Refused(what)
    }
}

/// What of a tenant's `tenant.toml` is wanted here.
#[derive(Debug, Deserialize)]
struct TenantFile {
    tenant: TenantId,
}

/// What is written to ours.
#[derive(Debug, Deserialize, Serialize)]
struct Settings {
    tenant: TenantId,
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> AdminError + '_ {
    |reason| AdminError::File {
        path: path.to_owned(),
        reason,
    }
}

fn damaged(path: &Path, reason: impl ToString) -> AdminError {
    AdminError::Damaged {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// Gives a data directory its tenant: copies the identifier, the token key and the escrow key, if there
/// is one, from the directory that `wardseal tenant create` made. The root key is not needed here and stays where it is.
///
/// # Errors
/// [`AdminError`]; the same tenant again changes nothing.
pub fn init(data: &Path, tenant_folder: &Path) -> Result<TenantId, AdminError> {
    let path = tenant_folder.join("tenant.toml");
    let text = fs::read_to_string(&path).map_err(file_error(&path))?;
    let found: TenantFile =
        toml::from_str(&text).map_err(|error| damaged(&path, error.message()))?;
    let key_path = tenant_folder.join("token.key");
    let key = fs::read(&key_path).map_err(file_error(&key_path))?;
    Secret::<32>::try_from_slice(&key)
        .map_err(|_| damaged(&key_path, "a token key has 32 bytes"))?;
    files::make_folder(data).map_err(file_error(data))?;
    let own = data.join("tenant.toml");
    if own.exists() {
        if tenant(data)?.0 == found.tenant {
            return Ok(found.tenant);
        }
        return Err(AdminError::OtherTenant(data.to_owned()));
    }
    let own_key = data.join("token.key");
    files::write(&own_key, &key).map_err(file_error(&own_key))?;
    let escrow = tenant_folder.join("escrow.key");
    if escrow.exists() {
        let bytes = fs::read(&escrow).map_err(file_error(&escrow))?;
        EscrowSecret::from_bytes(&bytes)
            .ok_or_else(|| damaged(&escrow, "an escrow key has 33 bytes"))?;
        let own_escrow = data.join("escrow.key");
        files::write(&own_escrow, &bytes).map_err(file_error(&own_escrow))?;
    }
    let settings = format!("tenant = \"{}\"\n", found.tenant);
    // Last: with it everything is there.
    files::write(&own, settings.as_bytes()).map_err(file_error(&own))?;
    Ok(found.tenant)
}

/// The tenant of a data directory, and its token key.
///
/// # Errors
/// [`AdminError::NotInitialised`], [`AdminError::Damaged`].
pub fn tenant(data: &Path) -> Result<(TenantId, TokenKey), AdminError> {
    let path = data.join("tenant.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(AdminError::NotInitialised(data.to_owned()));
        }
        Err(error) => return Err(file_error(&path)(error)),
    };
    let settings: Settings =
        toml::from_str(&text).map_err(|error| damaged(&path, error.message()))?;
    let path = data.join("token.key");
    let key = fs::read(&path).map_err(file_error(&path))?;
    let seed = Secret::<32>::try_from_slice(&key)
        .map_err(|_| damaged(&path, "a token key has 32 bytes"))?;
    Ok((settings.tenant, TokenKey::from_seed(&seed)))
}

/// The tenant's escrow key, if the data directory has one. Without it nobody can be asked before he
/// is registered.
///
/// # Errors
/// [`AdminError::Damaged`], [`AdminError::File`].
pub fn escrow_key(data: &Path) -> Result<Option<EscrowSecret>, AdminError> {
    let path = data.join("escrow.key");
    match fs::read(&path) {
        Ok(bytes) => EscrowSecret::from_bytes(&bytes)
            .map(Some)
            .ok_or_else(|| damaged(&path, "an escrow key has 33 bytes")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(&path)(error)),
    }
}

/// Opens the database of a data directory, also while a server uses it.
///
/// # Errors
/// [`AdminError::Database`], [`AdminError::File`].
pub fn open(data: &Path) -> Result<Store, AdminError> {
    files::make_folder(data).map_err(file_error(data))?;
    let path = data.join("transfer.db");
    Store::open(&path).map_err(|reason| AdminError::Database { path, reason })
}

/// Reads facilities from JSON: one, or a list. Each is an entry of the directory (see `Facility` in
/// the OpenAPI document), and may have `notificationAddress` and `language` (`en`, `fr`, `de`).
///
/// # Errors
/// [`AdminError::Facility`].
pub fn facilities(json: &str) -> Result<Vec<Notified>, AdminError> {
    let value = serde_json::from_str(json).map_err(|error| AdminError::Facility {
        number: 1,
        reason: error.to_string(),
    })?;
    let found = read_facilities(value)?;
    match found
        .iter()
        .position(|facility| facility.public.group.is_none())
    {
        Some(index) => Err(AdminError::Facility {
            number: index + 1,
            reason: "the group is missing; without one a facility is announced".into(),
        }),
        None => Ok(found),
    }
}

fn read_facilities(value: Value) -> Result<Vec<Notified>, AdminError> {
    let wrong = |number, reason: String| AdminError::Facility { number, reason };
    let list = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let read = |(index, value): (usize, Value)| {
        let number = index + 1;
        let Value::Object(fields) = value else {
            return Err(wrong(number, "it is no object".into()));
        };
        facility(fields).map_err(|reason| wrong(number, reason))
    };
    list.into_iter().enumerate().map(read).collect()
}

/// Reads facilities that are to be announced: as [`facilities`], with an identifier and a
/// notification address and without a group. Coordinates may be missing, and opening hours: then the
/// facility answers on weekdays from 8 to 17.
///
/// # Errors
/// [`AdminError::Facility`].
pub fn announcements(json: &str) -> Result<Vec<Notified>, AdminError> {
    let wrong = |number, reason: &str| AdminError::Facility {
        number,
        reason: reason.to_owned(),
    };
    let mut value: Value =
        serde_json::from_str(json).map_err(|error| wrong(1, &error.to_string()))?;
    let one = std::slice::from_mut(&mut value);
    let list = match one {
        [Value::Array(list)] => list.as_mut_slice(),
        one => one,
    };
    for fields in list.iter_mut().filter_map(Value::as_object_mut) {
        if !fields.contains_key("hours") {
            let zone = match fields.get("country").and_then(Value::as_str) {
                Some("FR") => "Europe/Paris",
                _ => "Europe/Berlin",
            };
            let day = json!([["08:00", "17:00"]]);
            let week: Vec<_> = (0..7)
                .map(|weekday| if weekday < 5 { day.clone() } else { json!([]) })
                .collect();
            fields.insert("hours".into(), json!({ "zone": zone, "week": week }));
        }
    }
    let mut found = read_facilities(value)?;
    for (index, facility) in found.iter_mut().enumerate() {
        let public = &mut facility.public;
        if public.group.is_some() {
            return Err(wrong(
                index + 1,
                "a facility with a group is added, not announced",
            ));
        }
        if public.identifier.is_none() {
            return Err(wrong(
                index + 1,
                "an identifier is missing, like finess:750000001",
            ));
        }
        if facility.address.is_none() {
            return Err(wrong(index + 1, "notificationAddress is missing"));
        }
        public.contact.clone_from(&facility.address);
    }
    Ok(found)
}

fn facility(mut fields: Map<String, Value>) -> Result<Notified, String> {
    let mut text = |name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} is text")),
    };
    let address = text("notificationAddress")?;
    let language = text("language")?;
    if let Some(address) = &address {
        address
            .parse::<lettre::Address>()
            .map_err(|_| "notificationAddress is no mail address".to_owned())?;
    }
    let public: Facility =
        serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let language = match language {
        Some(code) => code
            .parse::<Language>()
            .map_err(|error| error.to_string())?,
        None => match public.country {
            Country::DE => Language::De,
            Country::FR => Language::Fr,
        },
    };
    Ok(Notified {
        public,
        address,
        language,
    })
}

/// Registers facilities, or changes them.
///
/// # Errors
/// [`AdminError::Refused`]; none is registered then.
pub fn register(store: &Store, facilities: &[Notified], now: Timestamp) -> Result<(), AdminError> {
    Ok(store.write(|tx| {
        for facility in facilities {
            directory::put(tx, facility, now)?;
        }
        Ok(())
    })?)
}

/// Announces facilities that can be asked before they are registered, or changes them.
///
/// # Errors
/// [`AdminError::Refused`]; none is announced then.
pub fn announce(store: &Store, facilities: &[Notified], now: Timestamp) -> Result<(), AdminError> {
    Ok(store.write(|tx| {
        for facility in facilities {
            directory::announce(tx, facility, now)?;
        }
        Ok(())
    })?)
}

/// Every facility in the directory.
///
/// # Errors
/// [`AdminError::Refused`].
pub fn list(store: &Store) -> Result<Vec<Facility>, AdminError> {
    Ok(store.read(directory::all)?)
}

/// Invites somebody under a name. The code to give to him, by another way than the name; it is
/// shown once and kept nowhere.
///
/// # Errors
/// [`AdminError::Name`], and [`AdminError::Refused`] when somebody has the name.
pub fn invite(
    store: &Store,
    name: &str,
    facility: Option<GroupId>,
    now: Timestamp,
    random: &Random,
) -> Result<String, AdminError> {
    let allowed = |letter: char| letter.is_alphanumeric() || "._-@+".contains(letter);
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err(AdminError::Name(name.to_owned()));
    }
    let code = invitations::draw(random);
    let hash = invitations::hash(&code);
    let guest = Guest::Name(name, facility);
    store.write(|tx| people::invite(tx, &hash, guest, now.plus_millis(INVITATION)))?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use wardseal_testkit::seeded;
    use wardseal_types::UserId;

    use super::*;
    use crate::failure::Code;

    fn entry() -> String {
        let group = GroupId::from_bytes([1; 32]);
        format!(
            r#"{{"group": "{group}", "name": "Klinik am Park", "country": "DE", "city": "Kehl",
                "postcode": "77694", "families": [], "latitude": 48.6, "longitude": 7.8,
                "hours": {{"zone": "Europe/Berlin", "week": [[["08:00", "17:00"]], [], [], [], [], [], []]}},
                "notificationAddress": "intake@klinik.example"}}"#
        )
    }

    #[test]
    fn facilities_are_read_one_or_many_and_what_is_wrong_is_named() {
        let one = facilities(&entry()).unwrap();
        assert_eq!(one[0].language, Language::De);
        assert_eq!(one[0].address.as_deref(), Some("intake@klinik.example"));
        let two = facilities(&format!("[{}, {}]", entry(), entry())).unwrap();
        assert_eq!(two.len(), 2);
        for (what, with) in [
            ("\"Kehl\"", "7"),
            ("\"name\"", "\"title\""),
            ("intake@", "intake"),
            ("Europe/Berlin", "Europe/Rome"),
            ("08:00", "18:00"),
        ] {
            let error = facilities(&entry().replace(what, with)).unwrap_err();
            assert!(
                matches!(error, AdminError::Facility { number: 1, .. }),
                "{what}"
            );
        }
        assert!(facilities("[3]").is_err());
        assert!(facilities("{").is_err());
    }

    #[test]
    fn what_is_announced_has_an_identifier_and_an_address_and_no_group() {
        let group = GroupId::from_bytes([1; 32]).to_string();
        let good = entry().replace(
            &format!("\"group\": \"{group}\""),
            "\"identifier\": \"ik:260100000\"",
        );
        let found = announcements(&good).unwrap();
        assert_eq!(
            found[0].public.contact.as_deref(),
            Some("intake@klinik.example")
        );
        let hours = r#""hours": {"zone": "Europe/Berlin", "week": [[["08:00", "17:00"]], [], [], [], [], [], []]},"#;
        let shorter = good.replace(hours, "");
        assert_ne!(shorter, good);
        assert_eq!(announcements(&shorter).unwrap().len(), 1);
        for (what, with) in [
            ("ik:260100000", "IK 260100000"),
            (
                "\"identifier\": \"ik:260100000\",",
                "\"languages\": [\"de\"],",
            ),
            ("\"notificationAddress\"", "\"phone\""),
        ] {
            assert!(announcements(&good.replace(what, with)).is_err(), "{what}");
        }
        assert!(announcements(&entry()).is_err(), "it has a group");
        assert!(facilities(&good).is_err(), "it has none");

        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).unwrap();
        announce(&store, &found, Timestamp::from_seconds(1)).unwrap();
        announce(&store, &found, Timestamp::from_seconds(2)).unwrap();
        assert_eq!(list(&store).unwrap().len(), 1);
    }

    #[test]
    fn an_invitation_is_for_one_name_one_user_and_some_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).unwrap();
        let random = Random::new(seeded(1));
        let now = Timestamp::from_seconds(1_000);
        let code = invite(&store, "marie@saint-roch", None, now, &random).unwrap();
        let (marie, other) = (UserId::from_bytes([1; 32]), UserId::from_bytes([2; 32]));
        let accept = |code: &str, name: &str, user, at| {
            store
                .write(|tx| {
                    let hash = invitations::hash(code);
                    people::accept(tx, &hash, name, user, Language::En, |_| Ok(false), at)
                })
                .map(|accepted| accepted.facility)
                .map_err(|failure| failure.code)
        };
        let refused = Err(Code::InvitationRefused);
        assert_eq!(accept(&code, "marie", marie, now), refused);
        assert_eq!(accept("AAAA-BBBB", "marie@saint-roch", marie, now), refused);
        let late = now.plus_millis(INVITATION);
        assert_eq!(accept(&code, "marie@saint-roch", marie, late), refused);
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(accept(&typed, "marie@saint-roch", marie, now), Ok(None));
        assert_eq!(accept(&code, "marie@saint-roch", marie, now), Ok(None));
        assert_eq!(accept(&code, "marie@saint-roch", other, now), refused);
        let again = invite(&store, "marie@saint-roch", None, now, &random);
        assert!(matches!(again, Err(AdminError::Refused(_))));
        assert!(matches!(
            invite(&store, "two words", None, now, &random),
            Err(AdminError::Name(_))
        ));
    }

    #[test]
    fn a_newer_invitation_voids_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).unwrap();
        let random = Random::new(seeded(1));
        let now = Timestamp::from_seconds(1_000);
        let old = invite(&store, "marie", None, now, &random).unwrap();
        let new = invite(&store, "marie", None, now, &random).unwrap();
        let user = UserId::from_bytes([1; 32]);
        let accept = |code: &str| {
            store.write(|tx| {
                let hash = invitations::hash(code);
                people::accept(tx, &hash, "marie", user, Language::En, |_| Ok(false), now)
            })
        };
        assert!(accept(&old).is_err());
        assert!(accept(&new).is_ok());
    }

    #[test]
    fn a_directory_has_one_tenant_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("tenant");
        let data = folder.path().join("data");
        assert!(matches!(tenant(&data), Err(AdminError::NotInitialised(_))));
        fs::create_dir(&made).unwrap();
        let write = |id: TenantId| {
            let text = format!("tenant = \"{id}\"\nname = \"n\"\nserver = \"http://s\"\n");
            fs::write(made.join("tenant.toml"), text).unwrap();
        };
        let first = TenantId::from_bytes([1; 32]);
        write(first);
        assert!(matches!(init(&data, &made), Err(AdminError::File { .. })));
        fs::write(made.join("token.key"), [1; 31]).unwrap();
        assert!(matches!(
            init(&data, &made),
            Err(AdminError::Damaged { .. })
        ));
        fs::write(made.join("token.key"), [1; 32]).unwrap();
        assert_eq!(init(&data, &made).unwrap(), first);
        assert_eq!(init(&data, &made).unwrap(), first);
        assert_eq!(tenant(&data).unwrap().0, first);
        write(TenantId::from_bytes([2; 32]));
        assert!(matches!(
            init(&data, &made),
            Err(AdminError::OtherTenant(_))
        ));
    }
}
