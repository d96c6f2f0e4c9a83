//! What the vault keeps and for whom, and what a device says to it. See `spec/09-password.md` and
//! `spec/10-recovery.md`.

use wardseal_crypto::{SUITE, hash, label};
use wardseal_types::{
    Base64Url, DeviceId, FixedBytes, TenantId, Timestamp, UserId,
    cbor::{Decode, Encode, Fault, Reader},
    cbor_choice, cbor_map, json, limits,
};

use crate::{binding, cbor};

/// The vault's identity in every OPAQUE exchange. The client's is the name of the record.
pub const VAULT_IDENTITY: &[u8] = b"wardseal-vault";

/// Most bytes that a vault keeps sealed in one record: the keys of one device, and of an
/// organisation's record the shares of sixteen administrators with the wraps of all their pairs.
pub const MAX_SEALED: usize = 48 << 10;

/// Most bytes of an encoded [`Access`].
pub const MAX_ACCESS: usize = 2048;

/// Most bytes of an encoded [`Action`].
pub const MAX_ACTION: usize = 128;

/// How far the time of a signed request may be from the vault's, in milliseconds.
pub const REQUEST_LEEWAY: u64 = 5 * 60 * 1000;

/// The language of a letter to a person.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Language {
    /// `en`
    English,
    /// `fr`
    French,
    /// `de`
    German,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::English, Self::French, Self::German];

    /// The code of ISO 639-1.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
        }
    }

    /// The language with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }
}

impl Encode for Language {
    fn encode(&self, out: &mut Vec<u8>) {
        self.code().encode(out);
    }
}

impl Decode for Language {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        Self::from_code(&String::decode(input)?).ok_or(Fault::Malformed)
    }
}

impl json::ToJson for Language {
    fn write(&self, out: &mut String) {
        self.code().write(out);
    }
}

impl json::FromJson for Language {
    fn read(value: &json::Value<'_>) -> Option<Self> {
        value.text().and_then(Self::from_code)
    }
}

/// To whom the vault hands out what a record keeps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Access {
    /// To whoever knows the password: an OPAQUE registration upload.
    Opaque(Base64Url),
    /// To whoever knows the locator of the record, see [`locator_record`].
    Locator,
    /// To whoever shows a token of the tenant's server and the code that was sent to the address,
    /// with the vault's share.
    TwoMan(TwoManAccess),
    /// To these users: administrators of the person's organisation. At least one, ascending.
    Readers(Vec<UserId>),
}

cbor_choice!(Access {
    1: Opaque(upload),
    2: Locator(),
    3: TwoMan(two_man),
    4: Readers(users),
});

/// The vault's half of a recovery by two servers.
#[derive(Clone, Eq, PartialEq)]
pub struct TwoManAccess {
    /// The vault's share of the key that seals the record.
    pub share: FixedBytes<32>,
    /// Where the code is sent, as the person typed it.
    pub address: String,
    /// Salt of the commitment to the address in the person's chain.
    pub salt: FixedBytes<32>,
    /// Hours between the right code and the release, at most [`MAX_DELAY`](limits::MAX_DELAY).
    pub delay: u8,
    /// Language of the letters.
    pub language: Language,
}

cbor_map!(TwoManAccess {
    0: share,
    1: address,
    2: salt,
    3: delay,
    4: language,
});

impl core::fmt::Debug for TwoManAccess {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TwoManAccess")
            .field("delay", &self.delay)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Reads what a client sent, and checks what an encoding alone does not say. Whether an upload
    /// is one, the vault finds out itself.
    ///
    /// # Errors
    /// [`cbor::DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, cbor::DecodeError> {
        let access: Self = cbor::decode(bytes, MAX_ACCESS)?;
        let sound = match &access {
            Self::Opaque(_) | Self::Locator => true,
            Self::TwoMan(two_man) => {
                two_man.delay <= limits::MAX_DELAY && binding::is_address(&two_man.address)
            }
            Self::Readers(users) => {
                !users.is_empty()
                    && users.len() <= limits::MAX_HELPERS
                    && users.is_sorted_by(|a, b| a < b)
            }
        };
        if sound {
            Ok(access)
        } else {
            Err(cbor::DecodeError::Malformed)
        }
    }

    /// The bytes that a client sends, and that its signature covers.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }
}

/// The only name under which the vault stores a record with the access [`Access::Locator`]. The
/// locator itself is derived from a secret of the person's.
#[must_use]
pub fn locator_record(locator: &FixedBytes<32>) -> FixedBytes<32> {
    FixedBytes(hash::hash(label::RECOVERY_LOCATOR, &[locator.as_array()]))
}

/// What a device signs, with [`label::RECORD_SIGNATURE`] and the Ed25519 half of its key, so that a
/// vault stores `access` and `sealed` under the name `record` for `user`, and under no other.
#[must_use]
pub fn record_message(
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
    access: &[u8],
    sealed: &[u8],
) -> Vec<u8> {
    let content = |bytes: &[u8]| FixedBytes(hash::hash(label::RECORD_CONTENT, &[bytes]));
    cbor::encode(&(
        SUITE,
        *tenant,
        *user,
        *record,
        content(access),
        content(sealed),
    ))
}

/// What a device asks of the vault by its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Which recoveries of the user's own are under way.
    List,
    /// Ends one of them.
    Veto(FixedBytes<32>),
    /// Deletes a record of the user's own that his chain does not name any more.
    Delete(FixedBytes<32>),
    /// Reads a record that names the user among its readers.
    Read(FixedBytes<32>),
}

cbor_choice!(Action {
    1: List(),
    2: Veto(attempt),
    3: Delete(record),
    4: Read(record),
});

impl Action {
    /// Reads what a client sent.
    ///
    /// # Errors
    /// [`cbor::DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, cbor::DecodeError> {
        cbor::decode(bytes, MAX_ACTION)
    }

    /// The bytes that a client sends.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }
}

/// What a device signs, with [`label::VAULT_REQUEST`] and the Ed25519 half of its key.
#[must_use]
pub fn request_message(
    tenant: &TenantId,
    user: &UserId,
    device: &DeviceId,
    time: Timestamp,
    action: &Action,
) -> Vec<u8> {
    let action = Base64Url(action.to_bytes());
    cbor::encode(&(SUITE, *tenant, *user, *device, time.millis(), action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_covered() {
        let tenant = TenantId::from_bytes([1; 32]);
        let user = UserId::from_bytes([2; 32]);
        let record = FixedBytes([3; 32]);
        let message = record_message(&tenant, &user, &record, b"access", b"sealed");
        let others = [
            record_message(
                &TenantId::from_bytes([9; 32]),
                &user,
                &record,
                b"access",
                b"sealed",
            ),
            record_message(
                &tenant,
                &UserId::from_bytes([9; 32]),
                &record,
                b"access",
                b"sealed",
            ),
            record_message(&tenant, &user, &FixedBytes([9; 32]), b"access", b"sealed"),
            record_message(&tenant, &user, &record, b"accesss", b"ealed"),
            record_message(&tenant, &user, &record, b"access", b"other"),
            record_message(&tenant, &user, &record, b"sealed", b"access"),
        ];
        assert!(others.iter().all(|other| *other != message));
    }

    fn two_man() -> TwoManAccess {
        TwoManAccess {
            share: FixedBytes([1; 32]),
            address: "anna@example.org".into(),
            salt: FixedBytes([2; 32]),
            delay: 24,
            language: Language::German,
        }
    }

    #[test]
    fn each_access_is_read_as_it_is_written() {
        let users = [1, 2].map(|byte| UserId::from_bytes([byte; 32]));
        for (access, head) in [
            (
                Access::Opaque(Base64Url(vec![7; 201])),
                &[0x82, 1, 0x81, 0x58, 201][..],
            ),
            (Access::Locator, &[0x82, 2, 0x80]),
            (Access::TwoMan(two_man()), &[0x82, 3, 0x81, 0xa5]),
            (Access::Readers(users.to_vec()), &[0x82, 4, 0x81, 0x82]),
        ] {
            let bytes = access.to_bytes();
            assert!(bytes.starts_with(head), "{bytes:02x?}");
            assert_eq!(Access::from_bytes(&bytes), Ok(access));
        }
    }

    #[test]
    fn an_access_that_makes_no_sense_is_refused() {
        let with = |change: fn(&mut TwoManAccess)| {
            let mut access = two_man();
            change(&mut access);
            Access::TwoMan(access)
        };
        let user = |byte| UserId::from_bytes([byte; 32]);
        let bad = [
            with(|access| access.delay = 73),
            with(|access| access.address = "anna".into()),
            with(|access| access.address = "a\n@example.org".into()),
            with(|access| access.address = "a @example.org".into()),
            with(|access| access.address = "a@b@example.org".into()),
            with(|access| access.address = format!("{}@example.org", "a".repeat(250))),
            Access::Readers(Vec::new()),
            Access::Readers(vec![user(2), user(1)]),
            Access::Readers(vec![user(1), user(1)]),
            Access::Readers((0..17).map(user).collect()),
            Access::Opaque(Base64Url(vec![0; MAX_ACCESS])),
        ];
        for access in bad {
            assert!(Access::from_bytes(&access.to_bytes()).is_err());
        }
        for bytes in [&[0x82, 5, 0x80][..], &[0x82, 2, 0x81, 0], &[0x80], &[]] {
            assert!(Access::from_bytes(bytes).is_err(), "{bytes:02x?}");
        }
        // Another language.
        let mut bytes = Access::TwoMan(two_man()).to_bytes();
        let last = bytes.len() - 1;
        bytes[last] = b'x';
        assert!(Access::from_bytes(&bytes).is_err());
    }

    #[test]
    fn neither_share_nor_address_is_shown() {
        let shown = format!("{:?}", Access::TwoMan(two_man()));
        assert!(
            !shown.contains("anna") && !shown.contains("AQEB"),
            "{shown}"
        );
    }

    #[test]
    fn requests_differ_in_every_part() {
        let tenant = |byte| TenantId::from_bytes([byte; 32]);
        let user = |byte| UserId::from_bytes([byte; 32]);
        let device = |byte| DeviceId::from_bytes([byte; 32]);
        let name = |byte| FixedBytes([byte; 32]);
        let at = Timestamp::from_millis;
        let mut all = vec![
            request_message(&tenant(9), &user(1), &device(1), at(1), &Action::List),
            request_message(&tenant(1), &user(9), &device(1), at(1), &Action::List),
            request_message(&tenant(1), &user(1), &device(9), at(1), &Action::List),
            request_message(&tenant(1), &user(1), &device(1), at(9), &Action::List),
        ];
        for action in [
            Action::List,
            Action::Veto(name(1)),
            Action::Veto(name(2)),
            Action::Delete(name(1)),
            Action::Read(name(1)),
        ] {
            assert_eq!(Action::from_bytes(&action.to_bytes()), Ok(action.clone()));
            all.push(request_message(
                &tenant(1),
                &user(1),
                &device(1),
                at(1),
                &action,
            ));
        }
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_locator_is_not_the_name_of_its_record() {
        let locator = FixedBytes([5; 32]);
        let record = locator_record(&locator);
        assert!(record != locator && record != locator_record(&record));
    }
}
