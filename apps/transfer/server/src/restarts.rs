//! Accounts, and new identities for people who have no way back in.

use std::sync::Arc;

use wardseal_types::{GroupId, UserId};

use crate::{
    app::App,
    failure::{Code, Failure},
    invitations,
    model::{Account, Restarted, Shares},
    recovery::write_to_person,
    session::Caller,
    store::{
        letters::{self, Kind, NewLetter},
        people::{self, Guest},
        recovery,
    },
};

/// For how long somebody may begin anew, in milliseconds: three days.
const RESTART: u64 = 3 * 24 * 3_600_000;

impl App {
    /// Changes where letters to the caller go, and says so at the address before: whoever has only
    /// got hold of a session does not silence what the person would hear.
    pub(crate) async fn set_account(
        self: &Arc<Self>,
        caller: &Caller,
        account: Account,
    ) -> Result<(), Failure> {
        let is_good = |address: &String| address.len() <= 254 && people::is_address(address);
        if !account.address.as_ref().is_none_or(is_good) {
            return Err(Failure::detail(
                Code::Malformed,
                "the address is no mail address",
            ));
        }
        let user = caller.user;
        self.blocking(move |app| {
            let now = app.now();
            app.store.write(|tx| {
                let before = people::account(tx, &user)?.ok_or(Code::NotFound)?;
                if let Some(address) = &before.address
                    && before.address != account.address
                {
                    let letter = NewLetter {
                        address,
                        language: before.language,
                        kind: Kind::AddressChanged,
                        about: None,
                        expires: None,
                    };
                    letters::write(tx, &letter, now)?;
                }
                people::set_account(tx, &user, &account)
            })
        })
        .await?;
        self.wake();
        Ok(())
    }

    /// For which records of the caller's shares lie here.
    pub(crate) async fn shares(self: &Arc<Self>, caller: &Caller) -> Result<Shares, Failure> {
        let user = caller.user;
        self.read(move |tx| {
            Ok(Shares {
                shares: recovery::shares(tx, &user)?,
            })
        })
        .await
    }

    /// Begins a new identity for a member of a facility that the caller administers. One that was
    /// begun before and not used is void.
    pub(crate) async fn restart(
        self: &Arc<Self>,
        caller: &Caller,
        user: UserId,
        facility: GroupId,
    ) -> Result<Restarted, Failure> {
        self.member(caller, facility).await?;
        if self.administered(caller, &[facility]).await?.is_empty() {
            return Err(Code::NotAMember.into());
        }
        if user == caller.user || !self.people.members(&facility).contains(&user) {
            return Err(Code::NotFound.into());
        }
        let restarted = self
            .blocking(move |app| {
                let now = app.now();
                let invitation = invitations::draw(&app.random);
                let expires = now.plus_millis(RESTART);
                app.store.write(|tx| {
                    let name = people::name_of(tx, &user)?.ok_or(Code::NotFound)?;
                    let hash = invitations::hash(&invitation);
                    people::invite(tx, &hash, Guest::Again(&name, facility, user), expires)?;
                    write_to_person(tx, &user, Kind::Restarted, now)?;
                    Ok(Restarted {
                        invitation,
                        name,
                        expires,
                    })
                })
            })
            .await?;
        self.wake();
        Ok(restarted)
    }
}
