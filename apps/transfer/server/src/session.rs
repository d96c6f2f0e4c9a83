//! Sessions of browsers: opened by a signature of a device, kept by a cookie.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use data_encoding::BASE64URL_NOPAD;
use wardseal_crypto::hash::sha256;
use wardseal_tenant::{DeviceProof, Role};
use wardseal_types::{DeviceId, GroupId, Timestamp, UserId};

use crate::{
    app::App,
    failure::{Code, Failure},
    mail::Language,
    model::{Account, FacilityRole, Me, MyFacility},
    store::{SessionRow, people},
};

/// How long a session lasts, in milliseconds: a long shift.
pub const LIFETIME: u64 = 12 * 3_600_000;

/// How long a session may lie unused, in milliseconds. A page that listens for events uses it.
pub const IDLE: u64 = 3_600_000;

/// How exactly the last use is noted, in milliseconds.
const EXACTNESS: u64 = 60_000;

/// The cookie. Its prefix makes browsers refuse it from anywhere but this very host.
const COOKIE: &str = "__Host-wardseal-transfer";

/// Who asks, by his cookie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Caller {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) token: [u8; 32],
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let token = token(&parts.headers)
            .or_else(|| bearer(&parts.headers))
            .ok_or(Code::SignInRequired)?;
        app.caller(sha256(&[&token])).await
    }
}

impl App {
    /// Whose session this is, if it may still be used; that it is, is noted.
    pub(crate) async fn caller(self: &Arc<Self>, token: [u8; 32]) -> Result<Caller, Failure> {
        let found = self
            .blocking(move |app| {
                let now = app.now();
                let found = app.store.read(|tx| people::session(tx, &token))?;
                let found = found.filter(|session| is_alive(session, now));
                if let Some(session) = &found
                    && now.since(session.seen) >= EXACTNESS
                {
                    app.store
                        .write(|tx| people::touch_session(tx, &token, now))?;
                }
                Ok(found)
            })
            .await?
            .ok_or(Code::SignInRequired)?;
        Ok(Caller {
            user: found.user,
            device: found.device,
            token,
        })
    }

    /// Opens a session for whoever made a proof. What to put into the cookie, and for whom it is.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        proof: DeviceProof,
    ) -> Result<(HeaderValue, Me), Failure> {
        if !self.challenges.take(&proof.challenge, self.now()) {
            return Err(Code::ChallengeExpired.into());
        }
        let user = self
            .people
            .verify(&proof, &self.page.audience, &proof.challenge)
            .await?;
        let secret = self.random.bytes::<32>();
        let caller = Caller {
            user,
            device: proof.device,
            token: sha256(&[&secret]),
        };
        let me = self.me(&caller).await?;
        self.tell_recovered().await?;
        self.blocking(move |app| {
            let now = app.now();
            app.store.write(|tx| {
                people::begin_session(tx, &caller.token, (caller.user, caller.device), now)
            })
        })
        .await?;
        Ok((
            cookie(&BASE64URL_NOPAD.encode(&secret), LIFETIME / 1000),
            me,
        ))
    }

    /// Who somebody is, and where he works.
    pub(crate) async fn me(self: &Arc<Self>, caller: &Caller) -> Result<Me, Failure> {
        let groups = self.facility_groups().await?;
        let roles = self
            .people
            .roles(caller.user, caller.device, &groups)
            .await?;
        let user = caller.user;
        let (name, account) = self
            .read(move |tx| Ok((people::name_of(tx, &user)?, people::account(tx, &user)?)))
            .await?;
        let account = account.unwrap_or(Account {
            address: None,
            language: Language::En,
        });
        Ok(Me {
            user,
            name: name.unwrap_or_else(|| user.to_string()),
            address: account.address,
            language: account.language,
            facilities: roles
                .into_iter()
                .map(|(group, role)| MyFacility {
                    group,
                    role: match role {
                        Role::Admin => FacilityRole::Admin,
                        Role::Member => FacilityRole::Member,
                    },
                })
                .collect(),
        })
    }

    /// To which of these facilities somebody belongs.
    pub(crate) async fn belongs(
        self: &Arc<Self>,
        caller: &Caller,
        groups: &[GroupId],
    ) -> Result<Vec<GroupId>, Failure> {
        // A group that is no facility here gives nobody anything.
        let registered = self.facility_groups().await?;
        let known: Vec<_> = groups
            .iter()
            .filter(|group| registered.contains(group))
            .copied()
            .collect();
        let roles = self
            .people
            .roles(caller.user, caller.device, &known)
            .await?;
        Ok(roles.into_iter().map(|(group, _)| group).collect())
    }

    /// Refuses somebody who does not belong to a facility.
    pub(crate) async fn member(
        self: &Arc<Self>,
        caller: &Caller,
        group: GroupId,
    ) -> Result<(), Failure> {
        if self.belongs(caller, &[group]).await?.is_empty() {
            return Err(Code::NotAMember.into());
        }
        Ok(())
    }
}

fn is_alive(session: &SessionRow, now: Timestamp) -> bool {
    now.since(session.created) < LIFETIME && now.since(session.seen) < IDLE
}

/// The bytes in the cookie.
pub(crate) fn token(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    BASE64URL_NOPAD
        .decode(value.as_bytes())
        .ok()
        .filter(|token| token.len() == 32)
}

/// The same bytes as what is no browser gives them: its requests go to other addresses than pages'.
fn bearer(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    BASE64URL_NOPAD
        .decode(value.strip_prefix("Bearer ")?.as_bytes())
        .ok()
        .filter(|token| token.len() == 32)
}

/// What sets the cookie, for so many seconds; none at all removes it.
pub(crate) fn cookie(value: &str, seconds: u64) -> HeaderValue {
    HeaderValue::from_str(&format!(
        "{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict"
    ))
    // Base64 and a number are always a header.
    .unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn the_cookie_is_found_among_others_and_nothing_else_is_taken_for_it() {
        let value = BASE64URL_NOPAD.encode(&[7; 32]);
        let good = headers(&format!("a=b; {COOKIE}={value}; c=d"));
        assert_eq!(token(&good), Some(vec![7; 32]));
        for bad in [
            String::new(),
            format!("x{COOKIE}={value}"),
            format!("{COOKIE}x={value}"),
            format!("{COOKIE}="),
            format!("{COOKIE}={}", BASE64URL_NOPAD.encode(&[7; 31])),
            format!("{COOKIE}=%"),
        ] {
            assert_eq!(token(&headers(&bad)), None, "{bad}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
