//! The vault's messages.

use alloc::vec::Vec;
use core::fmt;

use opaque_ke::errors::ProtocolError;
use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload,
    ServerLoginParameters, ServerRegistration,
};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use super::{
    Identities, KE1_LEN, KE3_LEN, RECORD_LEN, REGISTRATION_REQUEST_LEN, ServerPublicKey, Suite,
    array_of, context, with_params,
};
use crate::ksf::{KsfParams, KsfRefused};
use crate::rng::Bridge;
use crate::secret::SecretBytes;

/// Length of a serialised setup in bytes.
const SETUP_LEN: usize = 128;

/// Length of a serialised sign-in in bytes.
const LOGIN_LEN: usize = 128;

/// Why the vault refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ServerError {
    /// The message or the stored value is not a canonical encoding of the right length.
    #[error("the message is malformed")]
    Malformed,
    /// The client does not know the password, or the account does not exist.
    #[error("the sign-in is refused")]
    Refused,
    /// The upload names parameters outside the compiled policy.
    #[error(transparent)]
    Policy(#[from] KsfRefused),
}

/// The vault's long-term secrets: the seed of its OPRF keys, its private key, and a public key for
/// accounts that do not exist. Losing it loses every password; leaking it alone opens none.
pub struct ServerSetup(opaque_ke::ServerSetup<Suite>);

impl ServerSetup {
    /// A fresh setup, once per deployment.
    pub fn generate(rng: &mut dyn rand_core::CryptoRng) -> Self {
        Self(opaque_ke::ServerSetup::new(&mut Bridge(rng)))
    }

    /// For safekeeping: 128 secret bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`ServerError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ServerError> {
        exactly(bytes, SETUP_LEN)?;
        let setup = opaque_ke::ServerSetup::deserialize(bytes).map_err(refused)?;
        Ok(Self(setup))
    }

    /// The key that clients pin.
    #[must_use]
    pub fn public_key(&self) -> ServerPublicKey {
        ServerPublicKey(self.0.keypair().public().serialize().into())
    }

    /// Answers a registration request. `credential_id` names the account's record, and must be the
    /// same at every sign-in.
    ///
    /// # Errors
    /// [`ServerError::Malformed`].
    pub fn registration_response(
        &self,
        request: &[u8],
        credential_id: &[u8],
    ) -> Result<Vec<u8>, ServerError> {
        exactly(request, REGISTRATION_REQUEST_LEN)?;
        let request = RegistrationRequest::deserialize(request).map_err(refused)?;
        let started =
            ServerRegistration::start(&self.0, request, credential_id).map_err(refused)?;
        Ok(started.message.serialize().to_vec())
    }

    /// Answers KE1 with KE2, and returns what [`ServerLogin::finish`] needs.
    ///
    /// `None` stands for an account that does not exist: the answer is made of a fake record and
    /// nobody without the password can tell (RFC 9807 section 10.9). For that to hold, the caller
    /// names missing accounts with a `credential_id` made the same way as the others. A missing
    /// account answers with [`KsfParams::DEFAULT`]: only an account that chose to pay more differs.
    ///
    /// # Errors
    /// [`ServerError::Malformed`].
    pub fn login_start(
        &self,
        record: Option<&Record>,
        ke1: &[u8],
        credential_id: &[u8],
        identities: Identities<'_>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(ServerLogin, Vec<u8>), ServerError> {
        exactly(ke1, KE1_LEN)?;
        let request = CredentialRequest::deserialize(ke1).map_err(refused)?;
        let params = record.map_or(KsfParams::DEFAULT, |record| record.params);
        let context = context(params);
        let started = opaque_ke::ServerLogin::start(
            &mut Bridge(rng),
            &self.0,
            record.map(|record| record.registration.clone()),
            request,
            credential_id,
            ServerLoginParameters {
                context: Some(&context),
                identifiers: identities.as_opaque(),
            },
        )
        .map_err(refused)?;
        let ke2 = with_params(params, &started.message.serialize());
        Ok((ServerLogin(started.state), ke2))
    }
}

impl fmt::Debug for ServerSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerSetup")
            .field(&self.public_key())
            .finish()
    }
}

/// What the vault keeps per account.
#[derive(Clone)]
pub struct Record {
    params: KsfParams,
    registration: ServerRegistration<Suite>,
}

impl Record {
    /// Takes a client's upload.
    ///
    /// # Errors
    /// [`ServerError::Malformed`]; [`ServerError::Policy`].
    pub fn from_upload(upload: &[u8]) -> Result<Self, ServerError> {
        exactly(upload, RECORD_LEN)?;
        let (params, upload) = upload.split_first_chunk().ok_or(ServerError::Malformed)?;
        let params = KsfParams::from_bytes(params)?;
        let upload = RegistrationUpload::deserialize(upload).map_err(refused)?;
        let registration = ServerRegistration::finish(upload);
        Ok(Self {
            params,
            registration,
        })
    }

    /// For the database ([`RECORD_LEN`] bytes). It is to be kept like a secret: together with the
    /// setup and the key server's seed it lets its holder guess.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        with_params(self.params, &self.registration.serialize())
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`ServerError::Malformed`]; [`ServerError::Policy`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ServerError> {
        Self::from_upload(bytes)
    }

    /// The parameters that the account was registered with.
    #[must_use]
    pub const fn ksf(&self) -> KsfParams {
        self.params
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

/// A sign-in between KE2 and KE3. It can wait in a database or a cache: under a name that only this
/// exchange knows, tied to the account, for a minute, and taken out at the first attempt.
pub struct ServerLogin(opaque_ke::ServerLogin<Suite>);

impl ServerLogin {
    /// 128 secret bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`ServerError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ServerError> {
        exactly(bytes, LOGIN_LEN)?;
        let login = opaque_ke::ServerLogin::deserialize(bytes).map_err(refused)?;
        Ok(Self(login))
    }

    /// Checks KE3: the client knows the password. Returns the session key that both now share.
    ///
    /// # Errors
    /// [`ServerError::Refused`], also for an account that does not exist;
    /// [`ServerError::Malformed`].
    pub fn finish(self, ke3: &[u8]) -> Result<SecretBytes, ServerError> {
        exactly(ke3, KE3_LEN)?;
        let ke3 = CredentialFinalization::deserialize(ke3).map_err(refused)?;
        // 3DH has put context and identities into the expected value already; they are not read.
        let mut finished = self
            .0
            .finish(ke3, ServerLoginParameters::default())
            .map_err(refused)?;
        let key = array_of(&finished.session_key).map(SecretBytes::new);
        finished.session_key.as_mut_slice().zeroize();
        key.ok_or(ServerError::Malformed)
    }
}

impl fmt::Debug for ServerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerLogin(..)")
    }
}

const fn exactly(bytes: &[u8], length: usize) -> Result<(), ServerError> {
    if bytes.len() == length {
        Ok(())
    } else {
        Err(ServerError::Malformed)
    }
}

const fn refused(error: ProtocolError) -> ServerError {
    match error {
        ProtocolError::InvalidLoginError => ServerError::Refused,
        ProtocolError::LibraryError(_)
        | ProtocolError::SerializationError
        | ProtocolError::SizeError { .. }
        | ProtocolError::ReflectedValueError
        | ProtocolError::Custom(_) => ServerError::Malformed,
    }
}
