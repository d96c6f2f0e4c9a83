//! Domain separation: every label of the protocol, and nowhere else.
//!
//! A label names one use. It enters each hash, derivation, seal and signature before the data, ended by a zero byte, so
//! that bytes made for one use are worthless for any other. A test checks that the labels are unique and that none is a
//! prefix of another.

/// The name of one use of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(&'static str);

impl Label {
    /// The text, such as `wardseal/v1/ring-kem`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// `label ‖ 0x00 ‖ context`, the form in which a label enters a derivation or a signature.
    #[must_use]
    pub fn frame(self, context: &[u8]) -> Vec<u8> {
        [self.0.as_bytes(), &[0], context].concat()
    }
}

macro_rules! labels {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: Label = Label(concat!("wardseal/v1/", $text));)+

        /// Every label, in the order of this file.
        pub const ALL: &[Label] = &[$($name),+];

        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

labels! {
    /// Hash: the identifier of a tenant, from its genesis statement.
    ID_TENANT = "id-tenant";
    /// Hash: the identifier of a user, from its genesis statement.
    ID_USER = "id-user";
    /// Hash: the identifier of a group, from its genesis statement.
    ID_GROUP = "id-group";
    /// Hash: the identifier of a session, from its genesis statement.
    ID_SESSION = "id-session";
    /// Hash: the identifier of a device, from its type and public keys.
    ID_DEVICE = "id-device";
    /// Hash: the identifier of a tenant's signing key.
    ID_KEY = "id-key";
    /// Hash: the link from a statement to the one before it.
    STATEMENT_HASH = "statement-hash";
    /// Hash: a box, as its statement lists it.
    BOX_HASH = "box-hash";
    /// Derivation: what a statement commits to of its ring's new seed.
    SEED_COMMITMENT = "seed-commitment";
    /// Derivation: ring seed to the seed of its KEM key pair.
    RING_KEM = "ring-kem";
    /// Derivation: ring seed to the key of symmetric wraps for this ring.
    RING_WRAP = "ring-wrap";
    /// Derivation: ring seed to the key that seals the previous seed.
    RING_LADDER = "ring-ladder";
    /// Derivation: ring seed to the key of its encrypted name.
    RING_NAME = "ring-name";
    /// Derivation: session seed to the key of one object.
    SESSION_OBJECT = "session-object";
    /// Chunked encryption: the body of a message or file.
    OBJECT_BODY = "object-body";
    /// Chunked encryption: name, type and manifest of a message or file.
    OBJECT_META = "object-meta";
    /// Signature: the author of a message or file.
    OBJECT_SIGNATURE = "object-signature";
    /// Hash: the beginning of a message or file, as its author signs it.
    PRELUDE_HASH = "prelude-hash";
    /// Hash: the sealed metadata of a message or file, as its body is bound to it.
    SEALED_METADATA_HASH = "sealed-metadata-hash";
    /// Signature: a statement of a chain.
    STATEMENT_SIGNATURE = "statement-signature";
    /// Signature: a new device proves that it holds its keys.
    STATEMENT_POP = "statement-pop";
    /// Signature: a password or passkey device certifies a key for a day.
    DAY_CERTIFICATE = "day-certificate";
    /// Signature: a device signs in at a server.
    SIGN_IN = "sign-in";
    /// Signature: a device proves to an application whose it is.
    DEVICE_PROOF = "device-proof";
    /// Hash: a leaf of the log.
    LOG_LEAF = "log-leaf";
    /// Signature: a checkpoint of the log.
    LOG_CHECKPOINT = "log-checkpoint";
    /// Seal: a ring's seed to a member's public key.
    BOX_HPKE = "box-hpke";
    /// Wrap: a ring's seed under another ring's wrap key.
    BOX_WRAP = "box-wrap";
    /// Chunked encryption: the previous seed under the present one.
    BOX_LADDER = "box-ladder";
    /// Hash: the salted commitment to a name or address in a chain.
    NAME_COMMITMENT = "name-commitment";
    /// Hash: the salted commitment to the address of a recovery by two servers.
    ADDRESS_COMMITMENT = "address-commitment";
    /// MAC: the index by which a server finds a name without storing it.
    NAME_INDEX = "name-index";
    /// Chunked encryption: the keys of a recovery method, stored at the vault.
    VAULT_IDENTITY = "vault-identity";
    /// Hash: what a record at the vault consists of, as its signature covers it.
    RECORD_CONTENT = "record-content";
    /// Signature: a device stores a record at the vault.
    RECORD_SIGNATURE = "record-signature";
    /// Derivation: secret of a recovery code or passkey to what the vault is asked by.
    RECOVERY_LOOKUP = "recovery-lookup";
    /// Hash: the name of a record at the vault, from what it is asked by.
    RECOVERY_LOCATOR = "recovery-locator";
    /// Derivation: secret of a recovery code or passkey to the key of its record.
    RECOVERY_KEY = "recovery-key";
    /// Derivation: the shares of vault and tenant to the key of a two-man record.
    RECOVERY_SHARE = "recovery-share";
    /// Seal: the vault's share to the client that asked.
    RECOVERY_RELEASE = "recovery-release";
    /// Seal: an administrator's share of an organisation record to her user ring.
    ORGANISATION_SHARE = "organisation-share";
    /// Derivation and chunked encryption: the key of an organisation record under the shares of a quorum.
    ORGANISATION_QUORUM = "organisation-quorum";
    /// Seal: an administrator's share to the client that asked.
    ORGANISATION_RELEASE = "organisation-release";
    /// MAC: a person and a record that a tenant's server names for a name without one.
    RECOVERY_DECOY = "recovery-decoy";
    /// Signature: a device asks the vault for something.
    VAULT_REQUEST = "vault-request";
    /// Derivation: a server's secret to the key under which it keeps one-time codes.
    CODE_KEY = "code-key";
    /// MAC: a one-time code, as a server keeps it.
    CODE_MAC = "code-mac";
    /// Derivation: the key server's share of a password's input.
    PASSWORD_OPRF = "password-oprf";
    /// Derivation: the stretched password with the key server's share.
    PASSWORD_STRETCH = "password-stretch";
    /// MAC: the record that the key server names for a name without a password.
    PASSWORD_DECOY = "password-decoy";
    /// Chunked encryption: a record of the client's local state.
    STATE_RECORD = "state-record";
    /// Chunked encryption: an exported session.
    SESSION_EXPORT = "session-export";
    /// MAC: a server's short-lived bearer token.
    TOKEN_MAC = "token-mac";
    /// MAC: a server's sign-in challenge.
    CHALLENGE_MAC = "challenge-mac";
    /// MAC: a code or a decoy that an application's own server makes of its key.
    APPLICATION_MAC = "application-mac";
    /// Chunked encryption: the metadata of a session.
    SESSION_METADATA = "session-metadata";
    /// Chunked encryption: a secret wrapped directly under a key that both ends hold.
    DIRECT_WRAP = "direct-wrap";
    /// Hash: the identifier of a pending recipient, from the terms of its escrow.
    ID_PENDING = "id-pending";
    /// Signature: the key server's escrow key, by its log key.
    ESCROW_KEY = "escrow-key";
    /// Seal: one party's share of an escrow, to its escrow key.
    ESCROW_SHARE = "escrow-share";
    /// Derivation: a key server's secret to the seed of its escrow key.
    ESCROW_SERVER = "escrow-server";
    /// MAC: an address to which a code was sent, as the key server recognises it.
    ADDRESS_MAC = "address-mac";
    /// Derivation: both shares, and the code if there is one, to the key of a deposit.
    ESCROW_COMBINE = "escrow-combine";
    /// Chunked encryption: a session's seed under the key of a deposit.
    ESCROW_SEED = "escrow-seed";
    /// Derivation and chunked encryption: what members of a session need to deposit again.
    ESCROW_MEMBERS = "escrow-members";
    /// Seal: a released share, to the ring of whoever claims.
    ESCROW_RELEASE = "escrow-release";
    /// Signature: a party of an escrow has released its share.
    ESCROW_RECEIPT = "escrow-receipt";
    /// Signature: a party of an escrow has erased its share.
    ESCROW_ERASURE = "escrow-erasure";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_unique_and_prefix_free() {
        for (i, a) in ALL.iter().enumerate() {
            for (j, b) in ALL.iter().enumerate() {
                assert!(
                    i == j || !b.as_str().starts_with(a.as_str()),
                    "{} begins {}",
                    a.as_str(),
                    b.as_str()
                );
            }
        }
    }

    #[test]
    fn the_text_is_the_name_and_fits_a_signature_context() {
        for (label, name) in ALL.iter().zip(NAMES) {
            let kebab = name.to_lowercase().replace('_', "-");
            assert_eq!(label.as_str(), format!("wardseal/v1/{kebab}"));
            // FIPS 204: a context string has at most 255 bytes.
            assert!(label.as_str().len() <= 255);
        }
    }

    #[test]
    fn a_frame_keeps_label_and_context_apart() {
        assert_eq!(BOX_HASH.frame(b"x"), b"wardseal/v1/box-hash\0x");
    }
}
