//! One account at an honest key server and an honest vault, and randomness that repeats.

use std::collections::VecDeque;

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha512};
use wardseal_password::SecretBytes;
use wardseal_password::ksf::KsfParams;
use wardseal_password::opaque::{
    ClientError, Identities, LoggedIn, Login, Record, Registered, Registration, ServerLogin,
    ServerSetup,
};
use wardseal_password::oprf::{
    Blind, HardenedPassword, OprfError, OprfPublicKey, account_public_key, evaluate,
};
use wardseal_password::password::Password;

pub(crate) const ACCOUNT: &[u8] = b"usr_anna";
pub(crate) const PASSWORD: &str = "vier blaue Hunde im Schnee";
pub(crate) const IDENTITIES: Identities<'static> = Identities {
    client: ACCOUNT,
    server: b"vault.example",
};

/// SHA-512 in counter mode over a seed.
pub(crate) struct Seeded {
    seed: u64,
    counter: u64,
    ready: VecDeque<u8>,
}

pub(crate) fn rng(seed: u64) -> Seeded {
    Seeded {
        seed,
        counter: 0,
        ready: VecDeque::new(),
    }
}

impl TryRng for Seeded {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for byte in dst {
            if self.ready.is_empty() {
                let block = Sha512::new()
                    .chain_update(self.seed.to_be_bytes())
                    .chain_update(self.counter.to_be_bytes())
                    .finalize();
                self.counter += 1;
                self.ready.extend(block);
            }
            *byte = self.ready.pop_front().unwrap();
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// The key server: nothing but a seed.
pub(crate) struct KeyServer(pub(crate) [u8; 32]);

impl KeyServer {
    pub(crate) fn public(&self) -> OprfPublicKey {
        account_public_key(&self.0, ACCOUNT).unwrap()
    }

    /// The whole exchange; `pinned` is what the client recorded.
    pub(crate) fn harden(
        &self,
        typed: &str,
        pinned: &OprfPublicKey,
    ) -> Result<HardenedPassword, OprfError> {
        let password = Password::new(typed).unwrap();
        let (blind, request) = Blind::start(&password, ACCOUNT, &mut rng(11))?;
        let response = evaluate(&self.0, ACCOUNT, &request, &mut rng(12))?;
        blind.finish(&response, pinned)
    }
}

/// Everything that a vault's database holds, and what the client kept from registering.
pub(crate) struct World {
    pub(crate) keys: KeyServer,
    pub(crate) setup: ServerSetup,
    pub(crate) record: Record,
    pub(crate) export_key: SecretBytes,
}

impl World {
    pub(crate) fn new() -> Self {
        let keys = KeyServer([0x5e; 32]);
        let setup = ServerSetup::generate(&mut rng(1));
        let input = keys.harden(PASSWORD, &keys.public()).unwrap();
        let registered = register(&setup, input, KsfParams::DEFAULT);
        Self {
            record: Record::from_upload(&registered.upload).unwrap(),
            export_key: registered.export_key,
            keys,
            setup,
        }
    }

    pub(crate) fn hardened(&self, typed: &str) -> HardenedPassword {
        self.keys.harden(typed, &self.keys.public()).unwrap()
    }

    /// A sign-in up to KE2.
    pub(crate) fn answer(&self, ke1: &[u8]) -> (ServerLogin, Vec<u8>) {
        self.setup
            .login_start(Some(&self.record), ke1, ACCOUNT, IDENTITIES, &mut rng(22))
            .unwrap()
    }

    /// The client's verdict on an answer to its own KE1, altered by `alter`.
    pub(crate) fn login_altered(
        &self,
        typed: &str,
        alter: impl FnOnce(&mut Vec<u8>),
    ) -> Result<LoggedIn, ClientError> {
        let (login, ke1) = Login::start(self.hardened(typed), &mut rng(21)).unwrap();
        let (_, mut ke2) = self.answer(&ke1);
        alter(&mut ke2);
        login.finish(&ke2, IDENTITIES, &self.setup.public_key(), &mut rng(23))
    }
}

pub(crate) fn register(
    setup: &ServerSetup,
    input: HardenedPassword,
    params: KsfParams,
) -> Registered {
    let (registration, request) = Registration::start(input, &mut rng(2)).unwrap();
    let response = setup.registration_response(&request, ACCOUNT).unwrap();
    registration
        .finish(
            &response,
            IDENTITIES,
            params,
            Some(&setup.public_key()),
            &mut rng(3),
        )
        .unwrap()
}
