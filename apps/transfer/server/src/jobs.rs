//! What happens without anybody asking for it.

use std::sync::Arc;

use transfer_rules::{
    RequestState, Side,
    moves::{self, Carried},
};
use wardseal_types::Timestamp;

use crate::{
    app::{App, Work},
    blobs::name,
    failure::Failure,
    session,
    store::{Notice, blobs, feed, people, recovery, requests},
};

const DAY: u64 = 24 * 3_600_000;

/// For how long changes are remembered for pages that were away, and repetitions recognised.
const MEMORY: u64 = 7 * DAY;

/// For how long a blob waits to be referred to.
const PATIENCE: u64 = 2 * DAY;

impl App {
    /// Ends requests whose time is up. How many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn expire(self: &Arc<Self>) -> Result<usize, Failure> {
        let expired = self
            .blocking(|app| {
                let now = app.now();
                app.store.write(|tx| app.work(tx, now, None).expire())
            })
            .await?;
        if expired > 0 {
            self.wake();
        }
        Ok(expired)
    }

    /// Forgets what nobody needs any more: sessions that ended, old changes, blobs that nothing
    /// refers to.
    ///
    /// # Errors
    /// Those of the database and the object store.
    pub async fn tidy(self: &Arc<Self>) -> Result<(), Failure> {
        let now = self.now();
        let before = move |age: u64| Timestamp::from_millis(now.millis().saturating_sub(age));
        let unused = self
            .blocking(move |app| {
                app.store.write(|tx| {
                    people::forget_sessions(tx, before(session::LIFETIME), before(session::IDLE))?;
                    feed::forget(tx, before(MEMORY))?;
                    recovery::forget(
                        tx,
                        before(crate::recovery::MEMORY),
                        before(2 * crate::recovery::HELP),
                    )?;
                    // In one transaction, so that nothing comes to refer to what goes.
                    let unused = blobs::unused(tx, before(PATIENCE))?;
                    for id in &unused {
                        blobs::remove(tx, *id)?;
                    }
                    Ok(unused)
                })
            })
            .await?;
        // Afterwards: a death in between leaves parts that nobody finds, and loses none.
        for id in unused {
            self.blobs.remove(&name(id)?).await?;
        }
        Ok(())
    }
}

impl Work<'_> {
    fn expire(&self) -> Result<usize, Failure> {
        let states: Vec<_> = moves::all()
            .filter(|row| row.to == RequestState::Expired && row.side == Side::System)
            .map(|row| row.from)
            .collect();
        let mut expired = 0;
        for found in requests::overdue(self.tx, self.now, &states)? {
            let (mut request, mut case) = self.request(found.id)?;
            let to = RequestState::Expired;
            let allowed = moves::check(
                case.state,
                request.state,
                to,
                Side::System,
                Carried::default(),
            );
            if allowed.is_err() {
                continue;
            }
            self.becomes(&mut request, &case, to, Side::System, None)?;
            self.write_to(&request.sender.into(), Notice::Answer)?;
            self.follow(&mut case, false)?;
            expired += 1;
        }
        Ok(expired)
    }
}
