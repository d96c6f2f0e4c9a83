//! A world for the SDK and for the examples of its documentation.

use std::sync::Arc;

use wardseal_sdk::{Options, SignUpRequest, Wardseal};
use wardseal_tenant::NameRequest;
use wardseal_types::{Clock as _, TenantId};

use crate::World;

/// Servers, a tenant, and the application's own server that signs people up.
#[derive(Debug)]
pub struct Place {
    /// What it is made of.
    pub world: World,
}

impl Place {
    /// A new place, with nobody in it.
    pub async fn new() -> Self {
        Self {
            world: World::new().await,
        }
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.world.tenant
    }

    /// The options of a client here, which keeps nothing.
    #[must_use]
    pub fn options(&self) -> Options {
        let clock: Arc<wardseal_types::ManualClock> = Arc::clone(&self.world.clock);
        Options {
            vault: Some(self.world.vault.url().to_owned()),
            clock: Some(clock),
            ..Options::new(self.tenant(), self.world.keys.url())
        }
    }

    /// What the application's server answers to a sign-up.
    ///
    /// # Panics
    /// When the request is for another name than it says.
    #[must_use]
    pub fn sign(&self, request: &SignUpRequest) -> String {
        let fixed = |text: &str| {
            let bytes = wardseal_types::Base64Url::from_text(text).expect("base64url");
            let bytes: [u8; 32] = bytes.as_slice().try_into().expect("32 bytes");
            wardseal_types::FixedBytes(bytes)
        };
        let asked = NameRequest {
            user: request.user,
            commitment: fixed(&request.commitment),
            index: fixed(&request.index),
        };
        assert!(asked.is_for(&self.tenant(), &request.name));
        let now = self.world.servers.clock.now();
        let token = self
            .world
            .token_key
            .bind(self.tenant(), asked, now, &mut self.world.rng());
        token.expect("randomness")
    }

    /// Somebody who is signed up, with a client that keeps nothing.
    ///
    /// # Panics
    /// When the name is taken.
    pub async fn person(&self, name: &str) -> Wardseal {
        let ward = Wardseal::open(self.options()).await;
        let ward = ward.expect("memory does not fail");
        let signed = ward.sign_up(name, |request| async move { Ok(self.sign(&request)) });
        signed.await.expect("nobody has the name");
        ward
    }
}
