//! Calls say what they will ask the server for before they wait for their turn, so that whoever has
//! the turn asks for all of them at once, and nobody asks for what just came.
//!
//! A number counts on with every call that begins and every request that is sent. What came with a
//! request that was sent after a call began is as new as the call may expect.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wardseal_client_core::{
    TransportError,
    types::{ChainId, DeviceId, SessionId, SortedMap, SortedSet, UserId},
};

/// What a call needs to know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Want {
    /// The seed of an epoch of a session, or of the newest; nothing is asked when it is cached.
    Key(SessionId, Option<u32>),
    /// A device of a user, or all that he has; nothing is asked when it is known.
    Author(UserId, Option<DeviceId>),
    /// A session as it is now.
    News(SessionId),
}

impl Want {
    pub(crate) fn chain(self) -> ChainId {
        match self {
            Self::Key(session, _) | Self::News(session) => session.into(),
            Self::Author(user, _) => user.into(),
        }
    }
}

/// The calls that wait or have their turn.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    count: u64,
    waiting: SortedMap<u64, Waiting>,
    /// When chains were last asked for, and whether they were in the answer.
    answers: SortedMap<ChainId, (u64, bool)>,
}

#[derive(Debug)]
struct Waiting {
    wants: Vec<Want>,
    failed: Option<TransportError>,
}

/// A call, from its beginning until it is done or dropped.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    queue: &'a Queue,
    pub(crate) number: u64,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut calls = self.queue.calls();
        calls.waiting.remove(&self.number);
        if calls.waiting.values().next().is_none() {
            calls.answers.clear();
        }
    }
}

impl Queue {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    pub(crate) fn begin(&self, wants: Vec<Want>) -> Call<'_> {
        let mut calls = self.calls();
        calls.count = calls.count.saturating_add(1);
        let number = calls.count;
        let failed = None;
        calls.waiting.insert(number, Waiting { wants, failed });
        Call {
            queue: self,
            number,
        }
    }

    /// A request is sent now; its number.
    pub(crate) fn sent(&self) -> u64 {
        let mut calls = self.calls();
        calls.count = calls.count.saturating_add(1);
        calls.count
    }

    /// Chains came with the request of that number, or did not.
    pub(crate) fn answered(
        &self,
        sent: u64,
        asked: &SortedSet<ChainId>,
        missing: &SortedSet<ChainId>,
    ) {
        let mut calls = self.calls();
        if calls.waiting.values().next().is_none() {
            return;
        }
        for chain in asked.iter() {
            calls
                .answers
                .insert(*chain, (sent, !missing.contains(chain)));
        }
    }

    /// What came with a chain is not here any more.
    pub(crate) fn forget(&self, chain: &ChainId) {
        self.calls().answers.remove(chain);
    }

    /// Whether a chain was in an answer, if it was asked for after the call of that number began.
    pub(crate) fn since(&self, call: u64, chain: &ChainId) -> Option<bool> {
        let calls = self.calls();
        let (sent, present) = calls.answers.get(chain)?;
        (*sent > call).then_some(*present)
    }

    /// What one call wants, or all of them, each with its call.
    pub(crate) fn wants(&self, of: Option<u64>) -> Vec<(u64, Want)> {
        let calls = self.calls();
        let each = calls
            .waiting
            .iter()
            .filter(|(number, call)| call.failed.is_none() && of.is_none_or(|of| of == **number));
        each.flat_map(|(number, call)| call.wants.iter().map(|want| (*number, *want)))
            .collect()
    }

    /// Whether another call than that of the number `own` waits for what came with a session.
    pub(crate) fn awaits(&self, session: SessionId, own: Option<u64>) -> bool {
        let calls = self.calls();
        let chain = ChainId::from(session);
        let Some((sent, _)) = calls.answers.get(&chain) else {
            return false;
        };
        calls.waiting.iter().any(|(number, call)| {
            number < sent
                && Some(*number) != own
                && call.wants.iter().any(|want| want.chain() == chain)
        })
    }

    /// The request that was sent for these calls too was not answered.
    pub(crate) fn fail(&self, numbers: &SortedSet<u64>, error: &TransportError) {
        let mut calls = self.calls();
        for number in numbers.iter() {
            if let Some(call) = calls.waiting.get_mut(number) {
                call.failed = Some(error.clone());
            }
        }
    }

    /// Why the request that was sent for a call by another was not answered.
    pub(crate) fn failure(&self, call: u64) -> Option<TransportError> {
        self.calls().waiting.get(&call)?.failed.clone()
    }
}

/// Lets every other task run once that is ready to.
pub(crate) async fn let_others_begin() {
    let mut waited = false;
    core::future::poll_fn(|context| {
        if waited {
            return core::task::Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        core::task::Poll::Pending
    })
    .await;
}
