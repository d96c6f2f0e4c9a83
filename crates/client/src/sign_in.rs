//! Tokens: a device's signature once in a while, instead of with every request.

use wardseal_client_core::{
    Error, Failure,
    api::{
        DeviceProof, Endpoint, ProblemCode,
        keys::{ChallengeRequest, GetChallenge, SignIn, SignInRequest},
    },
    crypto::label,
    exchange::{self, HttpRequest},
    protocol::binding,
    types::{
        FixedBytes,
        json::{FromJson, ToJson},
    },
};

use crate::{
    client::{Client, Inner, Token},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// A token is renewed this long before it expires, in milliseconds.
const RENEW_BEFORE: u64 = 30_000;

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Proves to an application who is here, by the device that is here, be it an ordinary one or
    /// one that a password unlocked. `audience` is the application's origin and `challenge` what its
    /// server drew for this login; it asks nobody. The proof goes to the application's server as
    /// JSON, which checks it with `wardseal_tenant::Directory::verify`.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], and [`Misuse::Invalid`] for a text that is empty or longer than
    /// 1024 bytes.
    ///
    /// [`Misuse::NoIdentity`]: wardseal_client_core::Misuse::NoIdentity
    /// [`Misuse::Invalid`]: wardseal_client_core::Misuse::Invalid
    pub async fn prove(&self, audience: &str, challenge: &str) -> Result<DeviceProof, Error> {
        let inner = self.inner.lock().await;
        Ok(inner.speaker()?.prove(audience, challenge)?)
    }

    /// One operation that needs a token. It signs in when there is none, and once more when the
    /// server does not accept the one there was.
    pub(crate) async fn call_signed<E: Endpoint<Request: ToJson, Response: FromJson>>(
        &self,
        inner: &mut Inner,
        body: &E::Request,
    ) -> Result<E::Response, Failure> {
        let request = exchange::request::<E>(body, None);
        let answer = Box::pin(self.send_signed(inner, request)).await?;
        Ok(exchange::read::<E>(&answer)?)
    }

    async fn send_signed(
        &self,
        inner: &mut Inner,
        mut request: HttpRequest,
    ) -> Result<Vec<u8>, Failure> {
        let mut renewed = false;
        loop {
            request.bearer = Some(self.token(inner).await?);
            let answer = self.send(request.clone()).await;
            let refused = matches!(
                answer.as_ref().err().and_then(|error| error.problem()),
                Some(ProblemCode::TokenExpired | ProblemCode::SignInRequired)
            );
            if refused && !renewed {
                inner.token = None;
                renewed = true;
                continue;
            }
            return answer;
        }
    }

    pub(crate) async fn token(&self, inner: &mut Inner) -> Result<String, Failure> {
        let now = self.clock.now();
        if let Some(token) = &inner.token
            && now.plus_millis(RENEW_BEFORE) < token.expires
        {
            return Ok(token.text.clone());
        }
        let audience = self.audience(inner).await?;
        let speaker = inner.speaker()?;
        let (tenant, user, device) = (speaker.tenant, speaker.user, speaker.device);
        let challenge = self
            .call::<GetChallenge>(&ChallengeRequest {
                tenant,
                user,
                device,
            })
            .await?;
        let message = binding::sign_in_message(
            &audience,
            &tenant,
            &user,
            &device,
            challenge.challenge.as_slice(),
        );
        let signature = speaker.signer().sign(label::SIGN_IN, &message);
        let certificate = speaker.certificate_bytes();
        let signed_in = self
            .call::<SignIn>(&SignInRequest {
                tenant,
                user,
                device,
                challenge: challenge.challenge,
                signature: FixedBytes(*signature.as_bytes()),
                certificate,
            })
            .await?;
        // Only the span counts: the server's clock and ours may differ by any amount.
        let expires = now.plus_millis(signed_in.expires.since(signed_in.time));
        inner.token = Some(Token {
            text: signed_in.token.clone(),
            expires,
        });
        Ok(signed_in.token)
    }

    /// What sign-ins name as their audience: configured, or what the server said at the first.
    async fn audience(&self, inner: &mut Inner) -> Result<String, Failure> {
        if let Some(audience) = &self.config.audience {
            return Ok(audience.clone());
        }
        if let Some(audience) = &inner.audience {
            return Ok(audience.clone());
        }
        if let Some(audience) = self.store.load::<String>(records::AUDIENCE).await? {
            inner.audience = Some(audience.clone());
            return Ok(audience);
        }
        let audience = self.server().await?.audience;
        // An identity that lives in memory leaves nothing here.
        if inner.kept {
            let mut batch = SealedBatch::default();
            self.store.put(
                &mut batch,
                records::AUDIENCE.into(),
                &wardseal_client_core::protocol::cbor::encode(&audience),
                inner.rng.as_mut(),
            )?;
            self.store.commit(batch).await?;
        }
        inner.audience = Some(audience.clone());
        Ok(audience)
    }
}
