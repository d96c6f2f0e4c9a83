//! The client's messages.

use alloc::vec::Vec;
use core::fmt;

use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, RegistrationResponse,
};
use thiserror::Error;
use zeroize::Zeroize;

use super::{
    Identities, KE2_LEN, REGISTRATION_RESPONSE_LEN, ServerPublicKey, Suite, array_of, context,
    with_params,
};
use crate::ksf::{KsfParams, KsfRefused, Stretch};
use crate::oprf::HardenedPassword;
use crate::rng::Bridge;
use crate::secret::SecretBytes;

/// Why the client stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The password is wrong, or the account does not exist, or the vault's answer was made with
    /// another key than the record, or it was altered on the way: these look the same by design.
    #[error("the account or the password is wrong")]
    WrongPassword,
    /// The vault is not the one that the client pinned.
    #[error("the vault presented another key than the pinned one")]
    ServerMismatch,
    /// The message is not a canonical encoding, or reflects the client's own.
    #[error("the vault's message is malformed")]
    Malformed,
    /// The vault asks for parameters outside the compiled policy. Nothing was hashed.
    #[error(transparent)]
    Policy(#[from] KsfRefused),
    /// The device cannot provide the memory that the parameters ask for.
    #[error("not enough memory to hash the password")]
    OutOfMemory,
}

/// A password being set.
pub struct Registration {
    state: ClientRegistration<Suite>,
    input: HardenedPassword,
}

/// A password that was set.
#[derive(Debug)]
pub struct Registered {
    /// What the vault keeps ([`RECORD_LEN`](super::RECORD_LEN) bytes). It holds no secret of the
    /// client's, but whoever has it and the key server's output may guess: send it to the vault only.
    pub upload: Vec<u8>,
    /// Wraps what the password protects. The vault cannot compute it.
    pub export_key: SecretBytes,
    /// The vault's key, to be recorded with the recovery method.
    pub server_public: ServerPublicKey,
}

impl Registration {
    /// Starts; returns the request.
    ///
    /// # Errors
    /// [`ClientError::Malformed`], with negligible probability: the input hashes to the identity.
    pub fn start(
        input: HardenedPassword,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(Self, Vec<u8>), ClientError> {
        let started =
            ClientRegistration::start(&mut Bridge(rng), input.expose()).map_err(refused)?;
        let request = started.message.serialize().to_vec();
        let state = started.state;
        Ok((Self { state, input }, request))
    }

    /// Finishes. `pinned` is the vault's key from the configuration; `None` trusts the vault that
    /// answers, whose key is then returned to be recorded.
    ///
    /// Registering proves nothing about the vault's answer: sign in with the new password before the
    /// old one is revoked.
    ///
    /// # Errors
    /// [`ClientError::ServerMismatch`], before anything is hashed; [`ClientError::Malformed`];
    /// [`ClientError::OutOfMemory`].
    pub fn finish(
        self,
        response: &[u8],
        identities: Identities<'_>,
        params: KsfParams,
        pinned: Option<&ServerPublicKey>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Registered, ClientError> {
        if response.len() != REGISTRATION_RESPONSE_LEN {
            return Err(ClientError::Malformed);
        }
        let presented = response.last_chunk().ok_or(ClientError::Malformed)?;
        let server_public = ServerPublicKey::from_bytes(*presented);
        if pinned.is_some_and(|pinned| *pinned != server_public) {
            return Err(ClientError::ServerMismatch);
        }
        let response = RegistrationResponse::deserialize(response).map_err(refused)?;
        let stretch = Stretch(params);
        let mut finished = self
            .state
            .finish(
                &mut Bridge(rng),
                self.input.expose(),
                response,
                ClientRegistrationFinishParameters::new(identities.as_opaque(), Some(&stretch)),
            )
            .map_err(refused)?;
        Ok(Registered {
            upload: with_params(params, &finished.message.serialize()),
            export_key: secret(&mut finished.export_key)?,
            server_public,
        })
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registration(..)")
    }
}

/// A sign-in under way.
pub struct Login {
    state: ClientLogin<Suite>,
    input: HardenedPassword,
}

/// A sign-in that succeeded: the vault is the pinned one and holds this account's record.
#[derive(Debug)]
pub struct LoggedIn {
    /// The client's last message: until the vault has it, the vault has not authenticated anyone.
    pub ke3: Vec<u8>,
    /// Shared with the vault, for this exchange only.
    pub session_key: SecretBytes,
    /// The same as at registration.
    pub export_key: SecretBytes,
    /// The parameters that the account was registered with.
    pub ksf: KsfParams,
}

impl Login {
    /// Starts; returns KE1.
    ///
    /// # Errors
    /// [`ClientError::Malformed`], with negligible probability: the input hashes to the identity.
    pub fn start(
        input: HardenedPassword,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(Self, Vec<u8>), ClientError> {
        let started = ClientLogin::start(&mut Bridge(rng), input.expose()).map_err(refused)?;
        let ke1 = started.message.serialize().to_vec();
        let state = started.state;
        Ok((Self { state, input }, ke1))
    }

    /// Finishes with the vault's answer.
    ///
    /// # Errors
    /// Every [`ClientError`]. After any of them nothing may be sent to the vault.
    /// [`ClientError::ServerMismatch`] means that the password fits but was registered at another
    /// vault than the pinned one; an impostor without the record is told by
    /// [`ClientError::WrongPassword`], because it cannot be told from a typing error.
    pub fn finish(
        self,
        ke2: &[u8],
        identities: Identities<'_>,
        pinned: &ServerPublicKey,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<LoggedIn, ClientError> {
        if ke2.len() != KE2_LEN {
            return Err(ClientError::Malformed);
        }
        let (params, ke2) = ke2.split_first_chunk().ok_or(ClientError::Malformed)?;
        let params = KsfParams::from_bytes(params)?;
        let response = CredentialResponse::deserialize(ke2).map_err(refused)?;
        let stretch = Stretch(params);
        let context = context(params);
        let mut finished = self
            .state
            .finish(
                &mut Bridge(rng),
                self.input.expose(),
                response,
                ClientLoginFinishParameters::new(
                    Some(&context),
                    identities.as_opaque(),
                    Some(&stretch),
                ),
            )
            .map_err(refused)?;
        if finished.server_s_pk.serialize().as_slice() != pinned.0 {
            return Err(ClientError::ServerMismatch);
        }
        Ok(LoggedIn {
            ke3: finished.message.serialize().to_vec(),
            session_key: secret(&mut finished.session_key)?,
            export_key: secret(&mut finished.export_key)?,
            ksf: params,
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

fn secret(bytes: &mut [u8]) -> Result<SecretBytes, ClientError> {
    let kept = array_of(bytes).map(SecretBytes::new);
    bytes.zeroize();
    kept.ok_or(ClientError::Malformed)
}

const fn refused(error: ProtocolError) -> ClientError {
    match error {
        ProtocolError::InvalidLoginError => ClientError::WrongPassword,
        ProtocolError::LibraryError(InternalError::KsfError) => ClientError::OutOfMemory,
        ProtocolError::LibraryError(_)
        | ProtocolError::SerializationError
        | ProtocolError::SizeError { .. }
        | ProtocolError::ReflectedValueError
        | ProtocolError::Custom(_) => ClientError::Malformed,
    }
}
