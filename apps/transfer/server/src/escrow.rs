//! The tenant as a party of escrow: it keeps its shares of what waits for somebody, and releases them to whoever carries
//! the name. What a share is and who gets it says the platform; here is who calls, and where it lies.

use std::sync::Arc;

use crate::{
    app::App,
    failure::{Code, Failure},
    session::Caller,
    store::escrow::EscrowShares,
};
use wardseal_tenant::{
    DeskError, EscrowDesk,
    api::{
        escrow::{ReleaseRequest, ReleasedShares},
        tenant::{DepositSharesRequest, EraseSharesRequest, ErasedShares, SharesDeposited},
    },
};

fn failure(error: DeskError<Failure>) -> Failure {
    match error {
        DeskError::Store(failure) => failure,
        DeskError::Crypto(error) => Failure::internal(error),
        other => Failure::of_platform(other.problem()),
    }
}

impl App {
    fn desk(&self) -> Result<&EscrowDesk, Failure> {
        self.desk.as_ref().ok_or_else(|| {
            Failure::detail(Code::NoSuchRoute, "this server takes no part in escrow")
        })
    }

    /// Keeps shares.
    pub(crate) async fn deposit_shares(
        self: &Arc<Self>,
        caller: &Caller,
        asked: DepositSharesRequest,
    ) -> Result<SharesDeposited, Failure> {
        self.desk()?;
        // Whose device was revoked brings nothing.
        self.people.roles(caller.user, caller.device, &[]).await?;
        let user = caller.user;
        self.blocking(move |app| {
            let (desk, now) = (app.desk()?, app.now());
            app.store.write(|tx| {
                desk.deposit(&mut EscrowShares(tx), &user, &asked, now)
                    .map_err(failure)
            })
        })
        .await
    }

    /// Releases shares.
    pub(crate) async fn release_shares(
        self: &Arc<Self>,
        caller: &Caller,
        asked: ReleaseRequest,
    ) -> Result<ReleasedShares, Failure> {
        self.desk()?;
        self.people.roles(caller.user, caller.device, &[]).await?;
        // A key of a moment ago may be one that somebody has who was just removed.
        let chains = EscrowDesk::chains(caller.user, asked.member);
        self.people.learn_now(chains).await?;
        let user = caller.user;
        self.blocking(move |app| {
            let (desk, now) = (app.desk()?, app.now());
            app.store.write(|tx| {
                let mut shares = EscrowShares(tx);
                let released = app.people.with(|directory| {
                    app.random
                        .with(|rng| desk.release(&mut shares, directory, &user, &asked, now, rng))
                });
                released.map_err(failure)
            })
        })
        .await
    }

    /// Erases shares.
    pub(crate) async fn erase_shares(
        self: &Arc<Self>,
        caller: &Caller,
        asked: EraseSharesRequest,
    ) -> Result<ErasedShares, Failure> {
        self.desk()?;
        // To whichever of his groups they were released.
        let groups = self.facility_groups().await?;
        self.people
            .roles(caller.user, caller.device, &groups)
            .await?;
        let user = caller.user;
        self.blocking(move |app| {
            let (desk, now) = (app.desk()?, app.now());
            let erased = app.store.write(|tx| {
                let mut shares = EscrowShares(tx);
                let erased = app
                    .people
                    .with(|directory| desk.erase(&mut shares, directory, &user, &asked, now));
                erased.map_err(failure)
            })?;
            app.store.empty_log()?;
            Ok(erased)
        })
        .await
    }

    /// Erases shares whose time is over. How many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn expire_shares(self: &Arc<Self>) -> Result<usize, Failure> {
        if self.desk.is_none() {
            return Ok(0);
        }
        self.blocking(|app| {
            let (desk, now) = (app.desk()?, app.now());
            let mut all: usize = 0;
            loop {
                let expired = app
                    .store
                    .write(|tx| desk.expire(&mut EscrowShares(tx), now).map_err(failure))?;
                if expired == 0 {
                    break;
                }
                all = all.saturating_add(expired);
            }
            if all > 0 {
                app.store.empty_log()?;
            }
            Ok(all)
        })
        .await
    }
}
